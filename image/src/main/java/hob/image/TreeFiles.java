package hob.image;

import hob.image.proto.OpenFile;
import hob.image.proto.Pipe;
import hob.image.proto.TreeImage;
import hob.linux.Fd;
import hob.linux.NetworkNamespace;
import hob.linux.Nr;
import hob.linux.RootDir;
import hob.linux.Sys;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The open file descriptions and shared memories of an image, opened by the daemon when first asked
 * for. Tracer's thread.
 */
final class TreeFiles implements AutoCloseable {
  /** Flags of open(2) that act once and must not act again. */
  static final int ONLY_ONCE = Fd.O_CREAT | Fd.O_EXCL | Fd.O_TRUNC | FileOwners.O_ASYNC;

  /** The least that means the end of a directory's hashes. */
  private static final long END_OF_DIRECTORY = 0x7fffffffL;

  private static final int SHARED_ANONYMOUS = 0x21 | 0x4000;

  private final TreeImage image;
  private final byte[] sourceVdso;
  private final StreamsHere streams;
  private final PseudoTerminalsMade pseudoTerminals;
  private final SystemVMade ipc;
  private final Map<Integer, Fd> open = new HashMap<>();
  private final Map<Integer, Fd> shared = new HashMap<>();
  private final Map<Integer, Fd[]> pipes = new HashMap<>();
  private final Map<Integer, Vessel> vessels;
  private final Set<String> done = new HashSet<>();
  private final List<Runnable> later = new ArrayList<>();
  private final List<Runnable> commit = new ArrayList<>();
  private final Map<Long, Fd> deadProcesses = new HashMap<>();
  private final Map<Long, Fd> pairs = new HashMap<>();
  private @Nullable UnixSocketsMade unixSockets;
  private @Nullable InetSocketsMade inetSockets;
  private final Map<Integer, Mailbox> mailboxes = new HashMap<>();
  private final Map<Integer, Fd> fifos = new HashMap<>();
  private final RootDir root;
  private final RemadeFiles remade;

  /**
   * Files of an image.
   *
   * @param sourceVdso code of the vdso of the source's kernel; empty: as this host's
   * @param root where its names lead from; closed with this
   */
  TreeFiles(
      TreeImage image,
      StreamsHere streams,
      RootDir root,
      Map<Integer, Vessel> vessels,
      byte[] sourceVdso) {
    this.image = image;
    this.sourceVdso = sourceVdso;
    this.streams = streams;
    this.ipc = new SystemVMade(image.getIpc(), streams.kept());
    this.pseudoTerminals = new PseudoTerminalsMade(image.getPseudoTerminalsList(), streams);
    this.vessels = vessels;
    this.root = root;
    this.remade = new RemadeFiles(image.getInodesList(), root);
  }

  /** Code of the vdso of the source's kernel. */
  byte[] sourceVdso() {
    return sourceVdso;
  }

  /** Where the image's names lead from. */
  RootDir root() {
    return root;
  }

  /** The files without a name. */
  RemadeFiles remade() {
    return remade;
  }

  /** Sets the position that a description had. */
  static void seek(Fd fd, OpenFile f) {
    if (f.getPosition() != 0) {
      if (f.getPosition() >= END_OF_DIRECTORY) {
        // ext4 lists nothing ever again from a description that went to the end before it began.
        fd.readEntries();
      }
      Sys.check(Sys.call(Nr.LSEEK, fd.number(), f.getPosition(), 0), "lseek", f.getPosition());
    }
  }

  /**
   * Opens both ends of a FIFO until all files are open, and puts in what stood in it; a FIFO that
   * somebody here has open keeps what stands in it.
   *
   * @param name an O_PATH descriptor of it
   */
  void fifo(int index, Fd name) {
    fifos.computeIfAbsent(
        index,
        i -> {
          Fd both = Fd.open(name.path(), Fd.O_RDWR | Fd.O_NONBLOCK);
          if (PipeContents.pending(both) == 0) {
            PipeContents.fill(both, image.getPipes(i));
          }
          return both;
        });
  }

  /** What the processes before have brought descriptors in with, of those with one table. */
  @Nullable Mailbox mailbox(int filesWith) {
    return mailboxes.get(filesWith);
  }

  /** For those that come after one with this table; 0: none do. */
  void mailbox(int filesWith, Mailbox mailbox) {
    if (filesWith != 0) {
      mailboxes.put(filesWith, mailbox);
    }
  }

  /** All files of the image. */
  List<OpenFile> images() {
    return image.getFilesList();
  }

  /** Host pid of a process of the tree; empty when it is not of the tree. */
  OptionalInt host(int nsPid) {
    Vessel v = vessels.get(nsPid);
    return v == null ? OptionalInt.empty() : OptionalInt.of(v.pid());
  }

  /** Does {@code work} in the network namespace of the tree. */
  <T> T inNetwork(Supplier<T> work) {
    int pid =
        image.getProcessesList().stream()
            .filter(p -> !p.getZombie())
            .map(p -> vessels.get(p.getPid()))
            .filter(Objects::nonNull)
            .mapToInt(Vessel::pid)
            .findFirst()
            .orElseThrow();
    return NetworkNamespace.in(pid, work);
  }

  /** Indices of the files of a kind that no process has as a descriptor. */
  List<Integer> withoutDescriptor(OpenFile.Kind kind) {
    Set<Integer> had = new HashSet<>();
    image
        .getProcessesList()
        .forEach(p -> p.getDescriptorsList().forEach(d -> had.add(d.getFile())));
    List<Integer> found = new ArrayList<>();
    for (int i = 0; i < image.getFilesCount(); i++) {
      if (image.getFiles(i).getKind() == kind && !had.contains(i)) {
        found.add(i);
      }
    }
    return found;
  }

  /** Whether this is the first call with this name: for what one process does for all. */
  boolean first(String name) {
    return done.add(name);
  }

  /** Done when all processes stand, before they run. */
  void later(Runnable step) {
    later.add(step);
  }

  /** Done when it is certain that the tree will run here. */
  void atCommit(Runnable step) {
    commit.add(step);
  }

  /** All processes stand. */
  void finish() {
    later.forEach(Runnable::run);
    later.clear();
    pseudoTerminals.finish();
    ipc.finish();
  }

  /** The tree runs here now. */
  void commit() {
    ipc.commit();
    if (inetSockets != null) {
      inetSockets.commit();
    }
    commit.forEach(Runnable::run);
    commit.clear();
  }

  /** Ends of pairs that the tree's own processes have made, by inode; closed by this object. */
  void unixPairs(Map<Long, Fd> ends) {
    pairs.putAll(ends);
  }

  /** One of those, which the caller closes; null when there is none. */
  @Nullable Fd unixEnd(long inode) {
    return pairs.remove(inode);
  }

  /** The unix sockets of the image. */
  UnixSocketsMade unixSockets() {
    if (unixSockets == null) {
      UnixSocketsMade all = new UnixSocketsMade(this);
      unixSockets = all;
      inNetwork(() -> {
        all.make();
        return all;
      });
      all.fill();
    }
    return unixSockets;
  }

  /** The pseudo-terminals of the image. */
  PseudoTerminalsMade pseudoTerminals() {
    return pseudoTerminals;
  }

  /** The System V objects of the image. */
  SystemVMade ipc() {
    return ipc;
  }

  /** The internet sockets of the image. */
  InetSocketsMade inetSockets() {
    if (inetSockets == null) {
      InetSocketsMade all = new InetSocketsMade(this);
      inetSockets = all;
      inNetwork(() -> {
        all.make();
        return all;
      });
    }
    return inetSockets;
  }

  /** Makes the internet sockets now, as a port may be another program's. */
  void bindPorts() {
    if (image.getFilesList().stream().anyMatch(f -> f.getKind() == OpenFile.Kind.INET_SOCKET)) {
      inetSockets();
    }
  }

  /** A descriptor of a process that is dead and reaped; the same process for the same number. */
  Fd deadProcess(long number, int status) {
    return deadProcesses.computeIfAbsent(number, n -> PidFdFile.ofDead(status));
  }

  /** Opens what takes a vessel that still has its code. */
  void openEarly(@Nullable Vessel vessel) {
    pseudoTerminals.make();
    if (vessel != null) {
      ipc.make(vessel, shared);
    }
    for (int i = 0; i < image.getFilesCount(); i++) {
      OpenFile f = image.getFiles(i);
      if (f.getKind() == OpenFile.Kind.ENDED_PROCESS && vessel != null) {
        open.put(i, EndedProcessFile.open(f, this, vessel));
      }
      if (f.getKind() == OpenFile.Kind.PID_FD && f.getPidFd().getPid() == 0 && vessel != null) {
        deadProcesses.computeIfAbsent(
            f.getPidFd().getDead(), n -> PidFdFile.ofDead(vessel, f.getPidFd().getExitStatus()));
      }
    }
  }

  /** A file of the image. */
  Fd open(int index) {
    Fd known = open.get(index);
    if (known == null) {
      OpenFile f = image.getFiles(index);
      known = FileKinds.of(f).open(f, this);
      open.put(index, known);
    }
    return known;
  }

  /** Its name; null when none leads to it. */
  @Nullable String path(int index) {
    OpenFile f = image.getFiles(index);
    return f.getInode() == 0 ? f.getPath().toString(StandardCharsets.UTF_8) : null;
  }

  /** A file of the image. */
  OpenFile image(int index) {
    return image.getFiles(index);
  }

  /** The real end or the stand-in of a stream. */
  Fd stream(OpenFile f) {
    return streams.open(f);
  }

  /** Both ends of a pipe of the image, filled. */
  Fd[] pipe(int index) {
    return pipes.computeIfAbsent(
        index,
        i -> {
          Pipe p = image.getPipes(i);
          Fd[] made = Fd.pipe(0);
          PipeContents.fill(made[1], p);
          return made;
        });
  }

  /** Shared memory: mapped here for a moment, since it comes only from mmap(2). */
  Fd shared(int index) {
    return shared.computeIfAbsent(index, i -> anonymous(image.getSharedMemory(i).getSize()));
  }

  private static Fd anonymous(long size) {
    long length = size + 4095 & ~4095L;
    long at = Sys.check(Sys.call(Nr.MMAP, 0, length, 3, SHARED_ANONYMOUS, -1, 0), "mmap", length);
    try {
      String range = Long.toHexString(at) + "-" + Long.toHexString(at + length);
      return Fd.open("/proc/self/map_files/" + range, Fd.O_RDWR);
    } finally {
      Sys.check(Sys.call(Nr.MUNMAP, at, length), "munmap", length);
    }
  }

  @Override
  public void close() {
    List<Fd> all = new ArrayList<>(open.values());
    all.addAll(shared.values());
    all.addAll(deadProcesses.values());
    all.addAll(pairs.values());
    pipes.values().forEach(p -> all.addAll(List.of(p)));
    all.addAll(fifos.values());
    Fd.closeAll(all);
    remade.close();
    pseudoTerminals.close();
    if (unixSockets != null) {
      unixSockets.close();
    }
    if (inetSockets != null) {
      inetSockets.close();
    }
  }

  /** The tree will not run here: nothing of it may stay. */
  void discard() {
    close();
    if (inetSockets != null) {
      inetSockets.discard();
    }
    if (unixSockets != null) {
      unixSockets.discardNames();
    }
  }
}
