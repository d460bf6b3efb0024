package hob.image;

import hob.image.proto.Descriptor;
import hob.image.proto.ProcessImage;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.Nr;
import java.util.List;
import java.util.Set;

/**
 * Descriptors and the open file descriptions behind them: files, directories, harmless devices,
 * pipes, streams that lead home.
 */
final class FileState implements StateModule {
  /**
   * Memory devices that are the same everywhere, by minor number of major 1: null, zero, full,
   * random, urandom.
   */
  private static final Set<Integer> MEMORY_DEVICES = Set.of(3, 5, 7, 8, 9);

  private static final int PTS_MAJOR_FIRST = 136;
  private static final int PTS_MAJOR_LAST = 143;
  private static final int F_SETFD = 2;

  @Override
  public String name() {
    return "files";
  }

  static boolean isPipe(ProcessFacts.FdFacts d) {
    return d.stat().isFifo() && d.target().startsWith("pipe:[");
  }

  static boolean isTerminal(ProcessFacts.FdFacts d) {
    int major = (int) (d.stat().deviceNumber() >> 32);
    return d.stat().isCharacterDevice() && major >= PTS_MAJOR_FIRST && major <= PTS_MAJOR_LAST;
  }

  @Override
  public void check(ProcessFacts p, List<Refusal> out) {
    if (p.stat().state() == 'Z') {
      return;
    }
    for (ProcessFacts.FdFacts d : p.descriptors()) {
      String reason = pin(d);
      if (reason != null) {
        out.add(new Refusal(p.pid(), kind(d), "descriptor " + d.number() + " " + reason));
      }
    }
  }

  private static String kind(ProcessFacts.FdFacts d) {
    String t = d.target();
    return t.startsWith("anon_inode:")
        ? t.substring(11).replaceAll("[\\[\\]]", "")
        : d.stat().isSocket() ? "socket" : "file";
  }

  private static @org.jspecify.annotations.Nullable String pin(ProcessFacts.FdFacts d) {
    String t = d.target();
    if (isPipe(d) || isTerminal(d)) {
      return (d.flags() & 040000) != 0 ? "is a pipe in packet mode" : null;
    }
    if (d.stat().isSocket()) {
      return "is a socket (" + t + ")";
    }
    if (t.startsWith("anon_inode:")) {
      return "is of a kind that cannot move yet (" + t + ")";
    }
    if (!t.startsWith("/")) {
      return "is no file with a name (" + t + ")";
    }
    if (t.startsWith("/memfd:")) {
      return "is a memory file (" + t + ")";
    }
    if (t.startsWith("/proc/")) {
      return "is a file of /proc (" + t + "), which means something else on another host";
    }
    if (d.stat().isCharacterDevice()) {
      long n = d.stat().deviceNumber();
      return n >> 32 == 1 && MEMORY_DEVICES.contains((int) n) ? null : "is a device (" + t + ")";
    }
    if (!d.stat().isRegular() && !d.stat().isDirectory() && (d.flags() & Fd.O_PATH) == 0) {
      return d.stat().isFifo() ? "is a named pipe (" + t + ")" : "is a device (" + t + ")";
    }
    if (d.info().contains("\nlock:")) {
      return "has a file lock (" + t + ")";
    }
    try {
      if (!FileStat.ofLink(t).sameAs(d.stat())) {
        return "is a file that no longer has its name (" + t + ")";
      }
    } catch (LinuxException e) {
      return "is a file that was deleted or cannot be reached by its name (" + t + ")";
    }
    return null;
  }

  @Override
  public void encapsulate(FrozenProcess p, Batch batch, Collection tree, ProcessImage.Builder out) {
    for (ProcessFacts.FdFacts d : p.facts().descriptors()) {
      String reason = pin(d);
      if (reason != null) {
        throw new Collection.Refused(
            new Refusal(p.pid(), kind(d), "descriptor " + d.number() + " " + reason));
      }
      out.addDescriptors(
          Descriptor.newBuilder()
              .setNumber(d.number())
              .setFile(tree.file(p, d))
              .setCloseOnExec((d.flags() & Fd.O_CLOEXEC) != 0));
    }
  }

  /**
   * The descriptors arrive by the mailbox at the lowest free numbers, in order, and are moved up
   * from the last one down.
   */
  @Override
  public void deencapsulate(Rebuild r, ProcessImage image, Batch batch) {
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
  }
}
