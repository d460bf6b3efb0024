package hob.image;

import hob.image.proto.Descriptor;
import hob.image.proto.FileLock;
import hob.image.proto.OpenFile;
import hob.image.proto.ProcessImage;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.Sys;
import java.util.List;

/**
 * Descriptors; the open file descriptions behind them are the {@linkplain FileKinds kinds' of
 * files}. Of processes that have one table the last one has them in the image, and gets them when
 * the others need no descriptors of Hob's any more.
 */
final class FileState implements StateModule {
  private static final int F_SETFD = 2;

  @Override
  public String name() {
    return "files";
  }

  @Override
  public void check(ProcessFacts p, List<Refusal> out) {
    if (p.stat().state() == 'Z') {
      return;
    }
    for (ProcessFacts.FdFacts d : p.descriptors()) {
      String reason = FileKinds.pin(d);
      if (reason != null && d.stillThere()) {
        out.add(new Refusal(p.pid(), FileKinds.word(d), "descriptor " + d.number() + " " + reason));
      }
    }
  }

  @Override
  public void encapsulate(FrozenProcess p, Batch batch, Collection tree, ProcessImage.Builder out) {
    if (out.getFilesWith() != 0 && out.getFilesWith() != p.nsPid()) {
      return;
    }
    for (ProcessFacts.FdFacts d : p.facts().descriptors()) {
      int file = tree.file(p, d);
      if (tree.firstDescriptor(file)) {
        FileOwners.ask(d.number(), d.flags(), batch, tree.image(file));
      }
      out.addDescriptors(
          Descriptor.newBuilder()
              .setNumber(d.number())
              .setFile(file)
              .addAllLocks(FileLocks.of(d).stream().filter(FileLocks::ofProcess).toList())
              .setCloseOnExec((d.flags() & Fd.O_CLOEXEC) != 0));
    }
  }

  /**
   * The descriptors arrive by the mailbox at the lowest free numbers, in order, and are moved up
   * from the last one down.
   */
  @Override
  public void deencapsulate(Rebuild r, ProcessImage image, Batch batch) {
    if (!r.ownsFiles()) {
      return;
    }
    List<Descriptor> wanted = image.getDescriptorsList();
    int highest = wanted.isEmpty() ? 0 : wanted.getLast().getNumber();
    r.mailbox().moveTo(batch, Math.max(wanted.size(), highest) + 1);
    r.mailbox().deliver(batch, wanted.stream().map(d -> r.file(d.getFile())).toList());
    for (int i = wanted.size() - 1; i >= 0; i--) {
      Descriptor d = wanted.get(i);
      if (d.getNumber() != i) {
        batch.room(2, 0);
        batch.add("dup3", Nr.DUP3, i, d.getNumber(), d.getCloseOnExec() ? Fd.O_CLOEXEC : 0);
        batch.add("close", Nr.CLOSE, i);
      } else if (d.getCloseOnExec()) {
        batch.add("fcntl", Nr.FCNTL, i, F_SETFD, 1);
      }
    }
    for (Descriptor d : wanted) {
      OpenFile f = r.openFile(d.getFile());
      FileKinds.of(f).inProcess(r, image, d, f, batch);
      d.getLocksList().forEach(l -> lock(r, image, d, l, batch));
      f.getLocksList().forEach(l -> lock(r, image, d, l, batch));
      if (r.first("owner " + d.getFile())) {
        FileOwners.restore(r, image, d.getNumber(), f);
      }
    }
    EpollFile.withoutDescriptor(r, image, batch);
  }

  private static void lock(
      Rebuild rebuild, ProcessImage image, Descriptor d, FileLock l, Batch batch) {
    FileLocks.take(
        batch,
        d.getNumber(),
        l,
        r -> {
          if (!Sys.failed(r)) {
            FileLocks.breakAgain(rebuild.file(d.getFile()), l);
          } else {
            throw new Collection.Refused(
                new Refusal(
                    image.getPid(),
                    "file-lock",
                    "the lock of descriptor "
                        + d.getNumber()
                        + " cannot be taken on the target: "
                        + Errno.of((int) -r)));
          }
        });
  }
}
