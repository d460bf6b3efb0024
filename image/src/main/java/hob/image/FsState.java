package hob.image;

import hob.image.proto.Fs;
import hob.image.proto.ProcessImage;
import hob.linux.Capabilities;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.Nr;
import hob.linux.RootDir;
import java.util.ArrayList;
import java.util.List;

/** Working directory, root and file creation mask. */
final class FsState implements StateModule {
  private static final int O_PATH_DIRECTORY = Fd.O_PATH | Fd.O_DIRECTORY;
  private static final int CAP_DAC_READ_SEARCH = 2;

  @Override
  public String name() {
    return "fs";
  }

  @Override
  public void check(ProcessFacts p, List<Refusal> out) {
    if (p.stat().state() == 'Z') {
      return;
    }
    for (String which : new String[] {"root", "cwd"}) {
      String path = "/proc/" + p.pid() + "/" + which;
      byte[] link = Fd.readlinkBytes(path);
      try (RootDir root = p.root()) {
        FileStat file = FileStat.of(path);
        String reason =
            ProcessFacts.named(root, link, file) ? null : UnnamedFiles.pin(file, link, root);
        if (reason != null) {
          out.add(new Refusal(p.pid(), which, "its " + which + " directory " + reason));
        }
      }
    }
  }

  @Override
  public void encapsulate(FrozenProcess p, Batch batch, Collection tree, ProcessImage.Builder out) {
    Fs.Builder fs =
        Fs.newBuilder()
            .setCwdFile(directory(p, "cwd", tree))
            .setUmask(Integer.parseInt(p.facts().status().getOrDefault("Umask", "022"), 8));
    if (!Fd.readlink("/proc/" + p.pid() + "/root").equals("/")) {
      fs.setRootFile(1 + directory(p, "root", tree));
    }
    out.setFs(fs);
  }

  private static int directory(FrozenProcess p, String which, Collection tree) {
    String path = "/proc/" + p.pid() + "/" + which;
    return tree.unopened(p.facts(), path, Fd.readlinkBytes(path), O_PATH_DIRECTORY, which);
  }

  /**
   * By descriptors, which have their numbers to themselves, since the program's own come later. A
   * shadow may have the right root already, and may not change it then.
   */
  @Override
  public void deencapsulate(Rebuild r, ProcessImage image, Batch batch) {
    Fs fs = image.getFs();
    List<Fd> directories = new ArrayList<>();
    directories.add(r.file(fs.getCwdFile()));
    String root = Fd.readlink("/proc/" + r.pid() + "/root");
    if (fs.getRootFile() != 0) {
      if (!root.equals(r.path(fs.getRootFile() - 1))) {
        directories.add(r.file(fs.getRootFile() - 1));
      }
    } else if (r.reused() && !root.equals("/")) {
      directories.add(r.root());
    }
    int first = r.mailbox().next();
    r.mailbox().deliver(batch, directories);
    batch.room(5, 16);
    if (directories.size() > 1) {
      batch.add("fchdir", Nr.FCHDIR, first + 1);
      batch.add("chroot", Nr.CHROOT, batch.string(new byte[] {'.'}));
    }
    if (directories.size() > 1 || !r.reused() || !worksIn(r, directories.getFirst())) {
      batch.add("fchdir", Nr.FCHDIR, first);
    }
    batch.add("close_range", Nr.CLOSE_RANGE, first, first + directories.size() - 1, 0);
    batch.add("umask", Nr.UMASK, fs.getUmask());
  }

  /**
   * A shadow works where its process did, and a child born abroad is made by one: their user might
   * not be allowed to enter that directory again.
   */
  private static boolean worksIn(Rebuild r, Fd directory) {
    return (Capabilities.effective(r.pid()) >> CAP_DAC_READ_SEARCH & 1) == 0
        && FileStat.of("/proc/" + r.pid() + "/cwd").sameAs(FileStat.of(directory.path()));
  }
}
