package hob.files.abroad;

import hob.files.frame.FileFrame;
import hob.files.home.FrameSink;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.RawMemory;
import hob.linux.Sys;
import hob.linux.fuse.FuseDevice;
import hob.linux.fuse.FuseLayout;
import hob.linux.fuse.FuseOpcode;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;

/**
 * The files of another host, mounted here. {@link #frame} is for the connection's reader thread,
 * all else for any.
 */
public final class FileMount implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(FileMount.class.getName());
  private static final int THREADS = 2;
  private static final int READ_AHEAD_KIB = 1024;
  private static final long PATIENCE_SECONDS = 60;
  private static final String NOWHERE = "0:0";

  private final int mount;
  private final FrameSink sink;
  private final FuseDevice device;
  private final WriteBehind writes;
  private final AccessLists lists = new AccessLists();
  private final HeldLocks locks;
  private final Notifier notifier;

  /** Held while something is put on the connection. */
  private final Object order = new Object();

  // Guarded by order.
  private final Unconfirmed unconfirmed;

  // Of the connection's reader thread.
  private final MemorySegment memory = Arena.ofAuto().allocate(FileFrame.MAX_BYTES, 8);
  private final LongAdder requests = new LongAdder();
  private final CompletableFuture<Boolean> gone = new CompletableFuture<>();
  private final Object flushLock = new Object();
  private volatile CompletableFuture<Boolean> flushed = CompletableFuture.completedFuture(true);

  // Guarded by this.
  private boolean started;

  private volatile boolean closed;
  private volatile boolean left;

  /**
   * How a mount is to be.
   *
   * @param writeBehind whether writes are acknowledged before the home has made them
   * @param keptNames names in the root directory that other file systems are mounted on here
   */
  public record Options(boolean writeBehind, Set<String> keptNames) {
    /** What is best for processes. */
    public static final Options USUAL = new Options(true, Set.of("proc", "sys", "dev"));

    public Options {
      keptNames = Set.copyOf(keptNames);
    }
  }

  private FileMount(
      int mount,
      FrameSink sink,
      FuseDevice device,
      Unconfirmed unconfirmed,
      Path at,
      Options options) {
    this.mount = mount;
    this.sink = sink;
    this.device = device;
    this.unconfirmed = unconfirmed;
    writes = new WriteBehind(options.writeBehind);
    locks = new HeldLocks(this, deviceNumber(at));
    notifier = new Notifier(device, options.keptNames, writes, lists);
  }

  /**
   * Mounts; the home must have a guest of this number already.
   *
   * @param home the home's name, for {@code mount(8)}
   * @param mount number among the mounts of this home on this host
   * @param at an existing directory
   * @param sink to the home
   * @throws hob.linux.LinuxException EPERM and kin if it cannot be mounted
   */
  public static FileMount open(String home, int mount, Path at, FrameSink sink, Options options) {
    FuseDevice device = FuseDevice.mount("hob:" + home, at, FileFrame.MAX_DATA);
    FileMount made = new FileMount(mount, sink, device, Unconfirmed.create(), at, options);
    made.start();
    return made;
  }

  /**
   * Takes up a mount that another program has made, from the descriptors that it {@linkplain #kept
   * had}. Its requests wait until {@link #attach}.
   *
   * @param descriptors in that order; they are this mount's from now on
   * @throws IllegalStateException if nothing is mounted there any more
   */
  public static FileMount takeUp(
      int mount, Path at, List<Fd> descriptors, FrameSink sink, Options options) {
    if (number(at).equals(NOWHERE)) {
      Fd.closeAll(descriptors);
      throw new IllegalStateException("nothing is mounted at " + at);
    }
    FuseDevice device = FuseDevice.takeUp(descriptors.getFirst(), at);
    Unconfirmed unconfirmed = Unconfirmed.takeUp(descriptors.getLast());
    FileMount taken = new FileMount(mount, sink, device, unconfirmed, at, options);
    unconfirmed.all().forEach(frame -> taken.writes.resumed(writeBytes(frame)));
    return taken;
  }

  /**
   * While anybody has these open, the mount lasts: what processes ask for waits until somebody
   * {@linkplain #takeUp takes it up}.
   */
  public List<Fd> kept() {
    return List.of(device.file(), unconfirmed.file());
  }

  /**
   * The home does not know what it had been asked for, or this program does not: says all again
   * that is not done, as far as is known. Whatever was said before and was not done has no effect.
   *
   * @throws IOException if the connection has gone
   * @throws hob.linux.LinuxException EINVAL when the kernel is too old for that
   */
  public void attach() throws IOException {
    synchronized (order) {
      sink.send(head(FileFrame.ATTACH));
      for (ByteBuffer frame : unconfirmed.all()) {
        frame.put(FileFrame.FLAGS, (byte) (frame.get(FileFrame.FLAGS) | FileFrame.AGAIN));
        sink.send(frame);
      }
      if (!flushed.isDone()) {
        sink.send(head(FileFrame.FLUSH));
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      Sys.check(device.resend(arena.allocate(64, 8).address()), "FUSE_NOTIFY_RESEND");
    }
    start();
  }

  private synchronized void start() {
    if (started || closed) {
      return;
    }
    started = true;
    notifier.start();
    for (int i = 0; i < THREADS; i++) {
      RequestLoop loop = new RequestLoop(this, device, writes, lists, locks);
      Thread.ofPlatform().daemon().name("files-fuse-%d-%d".formatted(mount, i)).start(loop);
    }
    readAhead(number(device.mountPoint()));
  }

  private static int writeBytes(ByteBuffer frame) {
    int request = frame.position() + FileFrame.HEAD_BYTES;
    return frame.getInt(request + FuseLayout.IN_OPCODE) == FuseOpcode.WRITE
        ? frame.getInt(request + FuseLayout.IN_BYTES + FuseLayout.WRITE_SIZE)
        : 0;
  }

  private ByteBuffer head(int kind) {
    ByteBuffer frame = ByteBuffer.allocate(FileFrame.HEAD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    frame.put(FileFrame.KIND, (byte) kind);
    return frame.putShort(FileFrame.MOUNT, (short) mount);
  }

  private static long deviceNumber(Path at) {
    String[] parts = number(at).split(":", 2);
    return Long.parseLong(parts[0]) << 32 | Long.parseLong(parts[1]);
  }

  /** The device number of what was just mounted there, as {@code major:minor}. */
  private static String number(Path at) {
    String point = at.toAbsolutePath().toString();
    String number = NOWHERE;
    for (String line : ProcFs.text("/proc/self/mountinfo").split("\n")) {
      String[] field = line.split(" ");
      if (field.length > 4 && field[4].replace("\\040", " ").equals(point)) {
        number = field[2];
      }
    }
    return number;
  }

  /** More than the kernel's 128 KiB, as a round trip costs more than a disk's. */
  private static void readAhead(String number) {
    try {
      Files.writeString(
          Path.of("/sys/class/bdi", number, "read_ahead_kb"), Integer.toString(READ_AHEAD_KIB));
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "read-ahead stays small", e);
    }
  }

  /** Where it is mounted. */
  public Path mountPoint() {
    return device.mountPoint();
  }

  /**
   * Takes a frame from home.
   *
   * @param body a heap buffer, valid only during the call
   */
  public void frame(ByteBuffer body) {
    body.order(ByteOrder.LITTLE_ENDIAN);
    if (body.remaining() < FileFrame.HEAD_BYTES) {
      return;
    }
    int at = body.position();
    switch (body.get(at + FileFrame.KIND)) {
      case FileFrame.REPLY -> reply(body, at);
      case FileFrame.NOTICE -> {
        byte[] notices = new byte[body.remaining() - FileFrame.HEAD_BYTES];
        body.get(at + FileFrame.HEAD_BYTES, notices);
        notifier.add(notices);
      }
      case FileFrame.FLUSHED -> flushed.complete(true);
      case FileFrame.ATTACHED -> locks.recall(body, at + FileFrame.HEAD_BYTES);
      default -> LOG.log(Level.WARNING, "a frame about files that nobody expects");
    }
  }

  private void reply(ByteBuffer body, int at) {
    int flags = body.get(at + FileFrame.FLAGS);
    long node = body.getLong(at + FileFrame.NODE);
    int length = body.remaining() - FileFrame.HEAD_BYTES;
    if (length < FuseLayout.OUT_BYTES || length > FileFrame.MAX_BYTES) {
      return;
    }
    int start = at + FileFrame.HEAD_BYTES;
    int error = body.getInt(start + FuseLayout.OUT_ERROR);
    long unique = body.getLong(start + FuseLayout.OUT_UNIQUE);
    if ((flags & FileFrame.BEHIND) != 0) {
      boolean awaited;
      synchronized (order) {
        awaited = unconfirmed.confirm(unique);
      }
      if (awaited && (unique & FileFrame.OWN) == 0) {
        writes.confirmed(node, body.getInt(at + FileFrame.AUX), error, flags);
      }
      return;
    }
    if ((flags & FileFrame.WRITABLE) != 0) {
      // A file that was just made is named in the answer itself.
      long made = length > FuseLayout.ENTRY_BYTES ? body.getLong(start + FuseLayout.OUT_BYTES) : 0;
      writes.writable(made == 0 ? node : made, flags);
    }
    if (unique == 0) {
      return;
    }
    if (error <= 0 && locks.expects()) {
      locks.answered(unique, error);
    }
    RawMemory.put(memory.address(), body.array(), body.arrayOffset() + start, length);
    // ENOENT: whoever asked was killed.
    device.write(memory.address(), length);
  }

  /** Runs something when all notices that came before have been applied. */
  public void afterNotices(Runnable action) {
    notifier.add(action);
  }

  /**
   * To be called before a message about a process goes to the home: what foreign processes have
   * done to files until now is then ahead of that message on the connection.
   *
   * @param mappings whether there may be stores through shared mappings, which takes longer
   */
  public void barrier(boolean mappings) {
    if (mappings && !closed) {
      syncMappings();
    }
    locks.sweep();
  }

  private void syncMappings() {
    long fd = Fd.tryOpen(device.mountPoint().toString(), Fd.O_RDONLY | Fd.O_DIRECTORY, 0);
    if (fd >= 0) {
      try (Fd root = Fd.of(fd)) {
        Sys.call(Nr.SYNCFS, root.number());
      }
    }
  }

  /** Of some processes here, those that hold locks of the home's files. */
  public Set<Integer> lockHolders(Collection<Integer> pids) {
    return locks.holders(pids);
  }

  /**
   * Returns when the home has made all changes that processes here were told are made.
   *
   * @throws IOException if the home has gone or does not answer
   */
  public void flush() throws IOException {
    synchronized (flushLock) {
      CompletableFuture<Boolean> answer = new CompletableFuture<>();
      flushed = answer;
      send(head(FileFrame.FLUSH));
      try {
        CompletableFuture.anyOf(answer, gone).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while flushing to the home", e);
      } catch (TimeoutException | java.util.concurrent.ExecutionException e) {
        throw new IOException("the home does not confirm what was written", e);
      }
      if (!answer.isDone()) {
        throw new IOException("the home has gone before it confirmed what was written");
      }
    }
  }

  int mount() {
    return mount;
  }

  void send(ByteBuffer frame) throws IOException {
    requests.increment();
    synchronized (order) {
      sink.send(frame);
    }
  }

  /**
   * Sends what must not be lost though nobody waits for it.
   *
   * @param number of the request in it
   * @return false when too much of that kind is under way; then nothing is sent
   */
  boolean sendBehind(long number, ByteBuffer frame) throws IOException {
    synchronized (order) {
      if (!unconfirmed.hasRoom(frame.remaining())) {
        return false;
      }
      requests.increment();
      unconfirmed.add(number, frame);
      sink.send(frame);
      return true;
    }
  }

  /** Completes when the mount has gone, whoever took it away. */
  public CompletableFuture<Boolean> whenGone() {
    return gone.copy();
  }

  /** How many messages went to the home since the start. */
  public long requests() {
    return requests.sum();
  }

  /** Somebody else has taken the mount away. */
  void ended() {
    if (!left) {
      close();
    }
  }

  /** Leaves the mount to whoever {@linkplain #takeUp takes it up}; this program ends. */
  public void leave() {
    left = true;
    notifier.stop();
    locks.close();
  }

  /**
   * Takes the mount away, whoever uses it: processes get ECONNABORTED for what they wait for and
   * ENOTCONN from then on.
   */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    device.close();
    notifier.stop();
    locks.close();
    writes.close();
    gone.complete(true);
  }
}
