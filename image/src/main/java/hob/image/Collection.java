package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.OpenFile;
import hob.image.proto.Pipe;
import hob.image.proto.SharedMemory;
import hob.image.proto.StandIn;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.Kcmp;
import hob.linux.MapsEntry;
import hob.linux.PidFd;
import hob.linux.RootDir;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the processes of a tree share, found once for the whole tree: open file descriptions, pipes,
 * shared memory. One for each capture; only the tracer's thread.
 */
final class Collection {
  /** State modules throw it when a frozen process turns out to have what cannot move. */
  static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient Refusal refusal;

    Refused(Refusal refusal) {
      super(refusal.toString());
      this.refusal = refusal;
    }

    Refusal refusal() {
      return refusal;
    }
  }

  /** A descriptor slot of a process. */
  record Slot(int pid, int fd) {}

  /** Shared memory and a name in /proc that leads to it. */
  record Shared(int index, String path) {}

  private static final FileKind PIPE = new PipeFile();
  private static final int PACKET_MODE = 1 << 8;

  private final List<OpenFile.Builder> files = new ArrayList<>();
  private final List<Slot> firstSlot = new ArrayList<>();
  private final Map<String, List<Integer>> byKey = new HashMap<>();
  private final Map<String, Integer> mapped = new HashMap<>();
  private final Map<String, Integer> byPath = new HashMap<>();
  private final Map<String, Integer> pipes = new LinkedHashMap<>();
  private final List<Pipe.Builder> pipeImages = new ArrayList<>();
  private final Map<Long, Integer> pipeEnds = new HashMap<>();
  private final Map<String, Shared> shared = new LinkedHashMap<>();
  private final List<SharedMemory.Builder> sharedImages = new ArrayList<>();
  private final List<External> externals = new ArrayList<>();
  private final UnnamedFiles unnamed = new UnnamedFiles();
  private final StandIns standIns;
  private final List<FrozenProcess> holders = new ArrayList<>();
  private final SocketSurvey sockets = new SocketSurvey();
  private final PseudoTerminals pseudoTerminals = new PseudoTerminals();
  private final SystemVTaken ipc = new SystemVTaken(this);
  private final BitSet described = new BitSet();

  Collection(StandIns standIns) {
    this.standIns = standIns;
  }

  /**
   * Notes which pipes have which ends in the tree. Called for every process before any state
   * module.
   */
  void survey(FrozenProcess p) {
    holders.add(p);
    for (ProcessFacts.FdFacts d : p.facts().descriptors()) {
      survey(p, d);
    }
  }

  /** Notes one descriptor, also of those that stand in the queue of a socket. */
  void survey(FrozenProcess p, ProcessFacts.FdFacts d) {
    sockets.add(p, d, this);
    pseudoTerminals.add(p, d);
    if (PIPE.matches(d)) {
      int packets = (d.flags() & PipeFile.PACKETS) != 0 ? PACKET_MODE : 0;
      pipeEnds.merge(d.stat().inode(), packets | 1 << (d.flags() & 3), (a, b) -> a | b);
    }
  }

  /**
   * Index of the open file description behind a descriptor; the same for all descriptors that share
   * it.
   */
  int file(FrozenProcess p, ProcessFacts.FdFacts d) {
    String key =
        d.stat().inode()
            + ":"
            + d.stat().device()
            + ":"
            + (d.flags() & ~Fd.O_CLOEXEC)
            + ":"
            + d.position();
    List<Integer> same = byKey.computeIfAbsent(key, k -> new ArrayList<>());
    int low = 0;
    int high = same.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      Slot s = firstSlot.get(same.get(middle));
      int c = Kcmp.compare(p.pid(), s.pid, Kcmp.FILE, d.number(), s.fd);
      if (c == 0) {
        return same.get(middle);
      }
      if (c < 0) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    int index = files.size();
    OpenFile.Builder f = OpenFile.newBuilder();
    files.add(f);
    firstSlot.add(new Slot(p.pid(), d.number()));
    same.add(low, index);
    describe(p, d, f);
    return index;
  }

  /** It is in the lists already: a description may ask for others, and those for it. */
  private void describe(FrozenProcess p, ProcessFacts.FdFacts d, OpenFile.Builder f) {
    f.setFlags(d.flags() & ~Fd.O_CLOEXEC).setPosition(d.position());
    FileKind kind = FileKinds.of(d);
    String reason = FileKinds.pin(d);
    if (kind == null || reason != null) {
      throw new Refused(
          new Refusal(p.pid(), FileKinds.word(d), "descriptor " + d.number() + " " + reason));
    }
    kind.describe(p, d, this, f);
    FileLocks.of(d).stream().filter(l -> !FileLocks.ofProcess(l)).forEach(f::addLocks);
  }

  /** Whether this is the first call for a file. */
  boolean firstDescriptor(int file) {
    boolean first = !described.get(file);
    described.set(file);
    return first;
  }

  /** What the image will say of a file. */
  OpenFile.Builder image(int file) {
    return files.get(file);
  }

  /** The processes of the tree, and this daemon with what stood in queues of the tree's sockets. */
  List<FrozenProcess> holders() {
    return holders;
  }

  /** Sockets of the tree, by inode. */
  SocketSurvey sockets() {
    return sockets;
  }

  /** Pseudo-terminals whose masters are in the tree. */
  PseudoTerminals pseudoTerminals() {
    return pseudoTerminals;
  }

  /** System V IPC of the tree. */
  SystemVTaken ipc() {
    return ipc;
  }

  /** What the session knows of what leads out of the tree. */
  StandIns standIns() {
    return standIns;
  }

  /** Whether the tree was seen to use System V IPC before it stopped. */
  boolean usesIpc() {
    return standIns.usesIpc();
  }

  /** Pid in the tree's namespace of a process here; 0 when it is not in the tree. */
  int nsPid(int pid) {
    return holders.stream()
        .filter(p -> p.process() == pid)
        .mapToInt(FrozenProcess::nsPid)
        .findFirst()
        .orElse(0);
  }

  /** Whether others at home have this pipe or FIFO, or it is a stand-in. */
  boolean leadsOut(ProcessFacts.FdFacts d) {
    return standIns.isStandIn(d.stat().inode());
  }

  /**
   * Whether nothing of the pipe is outside of the tree, and it is no stand-in: both ends are in the
   * tree, or one is and the other is closed.
   */
  boolean isWhole(FrozenProcess p, ProcessFacts.FdFacts d) {
    if (standIns.isStandIn(d.stat().inode())) {
      return false;
    }
    if ((pipeEnds.getOrDefault(d.stat().inode(), 0) & 3) == 3) {
      return true;
    }
    try (Fd end = SocketSurvey.here(p, d)) {
      return PipeContents.otherEndClosed(end);
    }
  }

  /**
   * Describes a stream that leads out of the tree.
   *
   * @param file of the pipe or terminal
   * @param number N of /dev/pts/N; −1 for a pipe
   */
  void standIn(
      FrozenProcess p, ProcessFacts.FdFacts d, FileStat file, int number, OpenFile.Builder f) {
    External e = new External(standIns.id(file), p.pid(), d.number(), number, d.flags() & 3);
    f.setKind(OpenFile.Kind.STAND_IN).setStandIn(external(e));
  }

  private StandIn external(External e) {
    externals.add(e);
    return standIns.describe(e, StandIn.newBuilder().setId(e.stream()).setTerminal(e.terminal()));
  }

  /**
   * A terminal that controls a process, which need not have it open.
   *
   * @param number N of /dev/pts/N
   */
  StandIn terminal(FrozenProcess p, FileStat file, int number) {
    int id = standIns.id(file);
    for (OpenFile.Builder f : files) {
      if (f.getKind() == OpenFile.Kind.STAND_IN && f.getStandIn().getId() == id) {
        return f.getStandIn();
      }
    }
    return external(new External(id, p.pid(), -1, number, Fd.O_RDWR));
  }

  /** Index of the pipe of the image that a descriptor is an end of. */
  int pipe(FrozenProcess p, ProcessFacts.FdFacts d) {
    String key = d.stat().device() + ":" + d.stat().inode();
    Integer known = pipes.get(key);
    if (known != null) {
      return known;
    }
    int index = pipeImages.size();
    pipes.put(key, index);
    try (Fd pidfd = PidFd.open(p.pid());
        Fd end = PidFd.get(pidfd, d.number())) {
      int ends = pipeEnds.getOrDefault(d.stat().inode(), 0);
      pipeImages.add(PipeContents.of(end, (ends & PACKET_MODE) != 0));
    }
    return index;
  }

  /** Index of a file that is opened by name, once for each way of opening it. */
  private int path(byte[] path, int flags) {
    String key = flags + ":" + new String(path, StandardCharsets.ISO_8859_1);
    return byPath.computeIfAbsent(
        key,
        k ->
            add(
                OpenFile.newBuilder()
                    .setKind(OpenFile.Kind.PATH)
                    .setPath(ByteString.copyFrom(path))
                    .setFlags(flags)));
  }

  /**
   * Index of a file that is opened without a descriptor of it: mapped, executed, worked in.
   *
   * @param path in /proc, leads to the file
   * @param link what that shows
   * @param kind of what it is, in refusals
   */
  int unopened(ProcessFacts p, String path, byte[] link, int flags, String kind) {
    FileStat file = FileStat.of(path);
    try (RootDir root = p.root()) {
      if (ProcessFacts.named(root, link, file)) {
        return path(link, flags);
      }
      String reason = UnnamedFiles.pin(file, link, root);
      if (reason != null) {
        throw new Refused(new Refusal(p.pid(), kind, "its " + kind + " " + reason));
      }
    }
    OpenFile.Builder f =
        OpenFile.newBuilder().setKind(OpenFile.Kind.UNNAMED).setFlags(flags).setUnopened(true);
    unnamed(p, path, link, file, f);
    return byPath.computeIfAbsent(flags + ":" + f.getInode() + ":" + f.getInodeName(), k -> add(f));
  }

  /** Index of a file that is mapped. */
  int mapped(ProcessFacts p, MapsEntry e, String path, int flags) {
    String key = flags + ":" + e.device() + ":" + e.inode() + ":" + e.path();
    Integer known = mapped.get(key);
    if (known == null) {
      known = unopened(p, path, e.path().getBytes(StandardCharsets.UTF_8), flags, "mapped file");
      mapped.put(key, known);
    }
    return known;
  }

  /** Describes a file that no name leads to. */
  void unnamed(ProcessFacts p, String path, byte[] link, FileStat file, OpenFile.Builder out) {
    try (RootDir root = p.root()) {
      UnnamedFiles.Name name = unnamed.add(path, link, file, out.getFlags(), root);
      out.setInode(1 + name.inode()).setInodeName(name.index());
    }
  }

  UnnamedFiles unnamedFiles() {
    return unnamed;
  }

  private int add(OpenFile.Builder file) {
    files.add(file);
    firstSlot.add(new Slot(0, -1));
    return files.size() - 1;
  }

  /**
   * Index of anonymous shared memory.
   *
   * @param path in /proc, leads to it
   */
  int sharedMemory(String path) {
    FileStat file = FileStat.of(path);
    return shared.computeIfAbsent(
            file.device() + ":" + file.inode(),
            k -> {
              sharedImages.add(SharedMemory.newBuilder().setSize(file.size()));
              return new Shared(sharedImages.size() - 1, path);
            })
        .index;
  }

  /**
   * Index of shared memory that has a name of its own.
   *
   * @param file open until the pages have been found
   */
  int sharedMemory(String key, Fd file) {
    return shared.computeIfAbsent(
            key,
            k -> {
              sharedImages.add(SharedMemory.newBuilder().setSize(FileStat.of(file.path()).size()));
              return new Shared(sharedImages.size() - 1, file.path());
            })
        .index;
  }

  List<OpenFile> files() {
    return files.stream().map(OpenFile.Builder::build).toList();
  }

  List<Pipe> pipeImages() {
    return pipeImages.stream().map(Pipe.Builder::build).toList();
  }

  List<SharedMemory> sharedImages() {
    return sharedImages.stream().map(SharedMemory.Builder::build).toList();
  }

  List<Shared> sharedMemories() {
    return List.copyOf(shared.values());
  }

  List<External> externals() {
    return externals;
  }
}
