package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.Inotify;
import hob.image.proto.InotifyWatch;
import hob.image.proto.OpenFile;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileHandle;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.PidFd;
import hob.linux.Sys;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code inotify(7)}: watches keep their numbers. Which file a watch is on the kernel tells by a
 * file handle; it is found again by its name, or through a descriptor of the tree when it has none
 * left. Events that nobody has read stay behind, since no call puts them into a queue.
 */
final class InotifyFile implements FileKind {
  private static final long SET_NEXT_WD = 0x40044900L;
  private static final int DEVICE_MINOR_BITS = 20;

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.INOTIFY;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return d.target().equals("anon_inode:inotify");
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    return null;
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    refuseUnread(p, d);
    Inotify.Builder all = Inotify.newBuilder();
    for (String line : FdInfo.lines(FdInfo.text(p, d), "inotify wd:")) {
      InotifyWatch.Builder w =
          InotifyWatch.newBuilder()
              .setWd(Integer.parseInt(FdInfo.value(line, "wd:"), 16))
              .setMask(Integer.parseUnsignedInt(FdInfo.value(line, "mask:"), 16));
      int index = open(tree, line);
      if (index >= 0) {
        w.setFile(1 + index);
      } else {
        w.setPath(path(d, line));
      }
      all.addWatches(w);
    }
    out.setKind(kind()).setInotify(all);
  }

  /** Nobody but the kernel can put events into a queue. */
  private static void refuseUnread(FrozenProcess p, ProcessFacts.FdFacts d) {
    try (Fd pidfd = PidFd.open(p.pid());
        Fd its = PidFd.get(pidfd, d.number())) {
      if (hob.linux.Pipe.pending(its) > 0) {
        throw new Collection.Refused(
            new Refusal(
                p.pid(),
                "inotify",
                "descriptor " + d.number() + " has events that nobody has read yet"));
      }
    }
  }

  /** Index of a file that a process of the tree has open and that is watched; −1 for none. */
  private static int open(Collection tree, String line) {
    for (FrozenProcess q : tree.holders()) {
      for (ProcessFacts.FdFacts x : q.facts().descriptors()) {
        if (isWatched(x, line)) {
          return tree.file(q, x);
        }
      }
    }
    return -1;
  }

  private static boolean isWatched(ProcessFacts.FdFacts x, String line) {
    long device = Long.parseUnsignedLong(FdInfo.value(line, "sdev:"), 16);
    long split =
        ((device >>> DEVICE_MINOR_BITS) << 32) | (device & ((1L << DEVICE_MINOR_BITS) - 1));
    return x.stat().inode() == Long.parseUnsignedLong(FdInfo.value(line, "ino:"), 16)
        && x.stat().device() == split;
  }

  /** Adds a reason for each watch on a file that cannot be found again; all may be running. */
  static void check(ProcessFacts.FdFacts d, List<ProcessFacts> tree, List<Refusal> out) {
    for (String line : FdInfo.lines(d.info(), "inotify wd:")) {
      boolean open =
          tree.stream().flatMap(p -> p.descriptors().stream()).anyMatch(x -> isWatched(x, line));
      if (!open && name(d, line) == null && d.stillThere()) {
        out.add(nameless(d));
      }
    }
  }

  private static Refusal nameless(ProcessFacts.FdFacts d) {
    return new Refusal(
        d.process().pid(),
        "inotify",
        "descriptor " + d.number() + " watches a file that has no name left");
  }

  private static ByteString path(ProcessFacts.FdFacts d, String line) {
    byte[] path = name(d, line);
    if (path == null) {
      throw new Collection.Refused(nameless(d));
    }
    return ByteString.copyFrom(path);
  }

  private static byte @Nullable [] name(ProcessFacts.FdFacts d, String line) {
    int type = Integer.parseInt(FdInfo.value(line, "fhandle-type:"), 16);
    byte[] handle = HexFormat.of().parseHex(FdInfo.value(line, "f_handle:"));
    long device = Long.parseUnsignedLong(FdInfo.value(line, "sdev:"), 16);
    String mount =
        FileHandle.mountOf(
            d.process().pid(), (int) (device >>> DEVICE_MINOR_BITS), (int) (device & 0xfffff));
    return mount == null ? null : FileHandle.path(mount, type, handle);
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    int flags = (f.getFlags() & Fd.O_NONBLOCK) | Fd.O_CLOEXEC;
    Fd fd = Fd.of(Sys.check(Sys.call(Nr.INOTIFY_INIT1, flags), "inotify_init1"));
    // As late as can be, so that what the restore itself does to files is not seen.
    Fd own = Fd.of(Sys.check(fd.fcntl(1030, 0), "fcntl", "F_DUPFD_CLOEXEC"));
    tree.later(() -> {
      try (own) {
        List<InotifyWatch> watches = f.getInotify().getWatchesList();
        watches.forEach(w -> add(own, w, tree));
        // A number that was given back is not given again soon, as it may stand in unread events.
        watches.stream()
            .mapToInt(InotifyWatch::getWd)
            .max()
            .ifPresent(last -> own.ioctl(SET_NEXT_WD, last + 1));
      }
    });
    return fd;
  }

  private static void add(Fd inotify, InotifyWatch w, TreeFiles tree) {
    String path =
        w.getFile() > 0
            ? tree.open(w.getFile() - 1).path()
            : w.getPath().toString(StandardCharsets.UTF_8);
    inotify.ioctl(SET_NEXT_WD, w.getWd());
    try (Arena arena = Arena.ofConfined()) {
      long name = arena.allocateFrom(path).address();
      for (int tries = 0; ; tries++) {
        long wd =
            Sys.check(
                Sys.call(Nr.INOTIFY_ADD_WATCH, inotify.number(), name, w.getMask()),
                "inotify_add_watch",
                path);
        if (wd == w.getWd()) {
          return;
        }
        // A kernel without that ioctl: it counts upwards by itself.
        Sys.check(Sys.call(Nr.INOTIFY_RM_WATCH, inotify.number(), wd), "inotify_rm_watch", wd);
        if (wd > w.getWd() || tries > 1 << 16) {
          throw new LinuxException("inotify_add_watch", Errno.EEXIST, w.getWd());
        }
      }
    }
  }
}
