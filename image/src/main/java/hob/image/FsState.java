package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.Fs;
import hob.image.proto.ProcessImage;
import hob.linux.Fd;
import hob.linux.Nr;
import java.util.List;

/** Working directory, root and file creation mask. */
final class FsState implements StateModule {
  @Override
  public String name() {
    return "fs";
  }

  @Override
  public void check(ProcessFacts p, List<Refusal> out) {
    if (p.stat().state() == 'Z') {
      return;
    }
    String root = Fd.readlink("/proc/" + p.pid() + "/root");
    String expected = Fd.readlink("/proc/" + p.reference() + "/root");
    if (!root.equals(expected)) {
      out.add(new Refusal(p.pid(), "chroot", "has its root directory at " + root));
    }
    if (Fd.readlink("/proc/" + p.pid() + "/cwd").endsWith(" (deleted)")) {
      out.add(new Refusal(p.pid(), "deleted-cwd", "works in a directory that was deleted"));
    }
  }

  @Override
  public void encapsulate(FrozenProcess p, Batch batch, Collection tree, ProcessImage.Builder out) {
    out.setFs(
        Fs.newBuilder()
            .setCwd(ByteString.copyFrom(Fd.readlinkBytes("/proc/" + p.pid() + "/cwd")))
            .setUmask(Integer.parseInt(p.facts().status().getOrDefault("Umask", "022"), 8)));
  }

  @Override
  public void deencapsulate(Rebuild r, ProcessImage image, Batch batch) {
    batch.add("chdir", Nr.CHDIR, batch.string(image.getFs().getCwd().toByteArray()));
    batch.add("umask", Nr.UMASK, image.getFs().getUmask());
  }
}
