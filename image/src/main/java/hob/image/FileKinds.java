package hob.image;

import hob.image.proto.OpenFile;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The table of kinds of open files. */
final class FileKinds {
  /** In the order in which they are asked. */
  static final List<FileKind> ALL =
      List.of(
          new EventFdFile(),
          new TimerFdFile(),
          new SignalFdFile(),
          new EpollFile(),
          new InotifyFile(),
          new PidFdFile(),
          new NamespaceFile(),
          new UnixSocketFile(),
          new InetSocketFile(),
          new NetlinkSocketFile(),
          new PipeFile(),
          new FifoFile(),
          new HungUpTerminalFile(),
          new PseudoTerminalFile(),
          new StreamFile(),
          new SharedMemoryFile(),
          new EndedProcessFile(),
          new UnnamedFile(),
          new NamedFile());

  private FileKinds() {}

  /** The kind of an open file, null when there is none for it. */
  static @Nullable FileKind of(ProcessFacts.FdFacts d) {
    for (FileKind k : ALL) {
      if (k.matches(d)) {
        return k;
      }
    }
    return null;
  }

  /** The kind of a file of an image. */
  static FileKind of(OpenFile f) {
    for (FileKind k : ALL) {
      if (k.kind() == f.getKind()) {
        return k;
      }
    }
    throw new IllegalArgumentException("unknown kind of file in the image: " + f.getKind());
  }

  /** Why the file cannot move; null when it can. */
  static @Nullable String pin(ProcessFacts.FdFacts d) {
    FileKind k = of(d);
    return k != null
        ? k.pin(d)
        : d.stat().isSocket()
            ? "is a socket of a kind that cannot move (" + d.protocol() + ")"
            : d.target().equals("anon_inode:[io_uring]")
                ? "is an io_uring, whose requests nobody can read back"
                : "is of a kind that cannot move yet (" + d.target() + ")";
  }

  /** Short word for it in refusals. */
  static String word(ProcessFacts.FdFacts d) {
    String t = d.target();
    return t.startsWith("anon_inode:")
        ? t.substring(11).replaceAll("[\\[\\]]", "")
        : d.stat().isSocket() ? "socket" : "file";
  }
}
