package hob.files.abroad;

import hob.files.frame.FileFrame;
import hob.linux.FileStat;
import hob.linux.RawMemory;
import hob.linux.fuse.FuseLayout;
import hob.linux.fuse.FuseOpcode;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Locks that processes here hold on the home's files. The kernel does not tell when a file is
 * closed, so this looks, before each message to the home and every few milliseconds, whether who
 * took a lock still has a descriptor of the mount open; if not, the lock is given back. Any thread.
 */
final class HeldLocks {
  private static final System.Logger LOG = System.getLogger(HeldLocks.class.getName());
  private static final int F_UNLCK = 2;
  private static final long SWEEP_MILLIS = 20;

  private record Owner(long node, long id, boolean flock) {}

  /** Taken, or asked for, by a process. */
  private record Lock(Owner owner, int pid, int type, boolean all) {}

  private final FileMount mount;
  private final long device;

  /** Different from those that an earlier daemon used. */
  private final AtomicLong numbers = new AtomicLong(System.nanoTime());

  private final Map<Long, Lock> asked = new ConcurrentHashMap<>();
  private final Map<Owner, Integer> held = new ConcurrentHashMap<>();
  private final AtomicInteger expected = new AtomicInteger();
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("files-locks").factory());
  private boolean sweeping;

  /**
   * Of a mount.
   *
   * @param device its device number, as {@link FileStat#device}
   */
  HeldLocks(FileMount mount, long device) {
    this.mount = mount;
    this.device = device;
  }

  /** A request for a lock goes to the home. */
  void asked(long unique, long node, long body) {
    boolean flock = (RawMemory.i32(body + FuseLayout.LK_FLAGS) & FuseLayout.LK_FLOCK) != 0;
    boolean all =
        flock
            || RawMemory.i64(body + FuseLayout.LK_START) == 0
                && RawMemory.i64(body + FuseLayout.LK_END) == Long.MAX_VALUE;
    Owner owner = new Owner(node, RawMemory.i64(body + FuseLayout.LK_OWNER), flock);
    int type = RawMemory.i32(body + FuseLayout.LK_TYPE);
    if (asked.remove(unique & ~FuseLayout.UNIQUE_RESEND) != null) {
      expected.decrementAndGet();
    }
    asked.put(unique, new Lock(owner, RawMemory.i32(body + FuseLayout.LK_PID), type, all));
    expected.incrementAndGet();
  }

  /** What the home says is held, after another program has served the mount. */
  void recall(ByteBuffer list, int from) {
    for (int at = from; at + FileFrame.LOCK_BYTES <= list.limit(); at += FileFrame.LOCK_BYTES) {
      boolean flock = (list.getInt(at + 20) & FuseLayout.LK_FLOCK) != 0;
      Owner owner = new Owner(list.getLong(at), list.getLong(at + 8), flock);
      held.putIfAbsent(owner, list.getInt(at + 16));
    }
    if (!held.isEmpty()) {
      startSweeping();
    }
  }

  /** Whether any request for a lock is under way. */
  boolean expects() {
    return expected.get() > 0;
  }

  /** The home has answered a request, of whatever kind. */
  void answered(long unique, int error) {
    Lock lock = asked.remove(unique);
    if (lock == null) {
      return;
    }
    expected.decrementAndGet();
    if (error == 0 && lock.type != F_UNLCK) {
      held.put(lock.owner, lock.pid);
      startSweeping();
    } else if (error == 0 && lock.all) {
      held.remove(lock.owner);
    }
  }

  private synchronized void startSweeping() {
    if (!sweeping && !timer.isShutdown()) {
      sweeping = true;
      var _ = timer.schedule(this::sweepAgain, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void sweepAgain() {
    sweep();
    synchronized (this) {
      sweeping = false;
    }
    if (!held.isEmpty()) {
      startSweeping();
    }
  }

  /** Gives back the locks of who has gone or closed the files. */
  void sweep() {
    if (held.isEmpty()) {
      return;
    }
    for (Map.Entry<Owner, Integer> each : List.copyOf(held.entrySet())) {
      boolean alive = isOpen(each.getValue());
      if (!alive && each.getKey().flock) {
        // The description may have been inherited.
        alive = anyOpen();
      }
      if (!alive && held.remove(each.getKey(), each.getValue())) {
        release(each.getKey());
      }
    }
  }

  /** Of some processes, those that hold locks. */
  Set<Integer> holders(Collection<Integer> pids) {
    sweep();
    Set<Integer> some = new HashSet<>(held.values());
    some.retainAll(pids);
    return some;
  }

  /** Whether a process has a file of the mount open; the home is not asked. */
  private boolean isOpen(int pid) {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc/" + pid + "/fd"))) {
      for (Path fd : all) {
        if (FileStat.cachedDevice(fd.toString()) == device) {
          return true;
        }
      }
    } catch (IOException _) {
      // Ended.
    }
    return false;
  }

  private boolean anyOpen() {
    List<Path> processes = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      all.forEach(processes::add);
    } catch (IOException e) {
      return true;
    }
    return processes.stream()
        .anyMatch(
            p -> isOpen(Integer.parseInt(Objects.requireNonNull(p.getFileName()).toString())));
  }

  /** As the process would have done itself. */
  private void release(Owner owner) {
    ByteBuffer frame =
        ByteBuffer.allocate(FileFrame.HEAD_BYTES + FuseLayout.IN_BYTES + 48)
            .order(ByteOrder.LITTLE_ENDIAN);
    frame.put(FileFrame.KIND, (byte) FileFrame.REQUEST);
    frame.putShort(FileFrame.MOUNT, (short) mount.mount());
    int head = FileFrame.HEAD_BYTES;
    long number = FileFrame.OWN | numbers.incrementAndGet() & FileFrame.OWN - 1;
    frame.put(FileFrame.FLAGS, (byte) FileFrame.BEHIND);
    frame.putLong(head + FuseLayout.IN_UNIQUE, number);
    frame.putInt(head + FuseLayout.IN_LEN, FuseLayout.IN_BYTES + 48);
    frame.putInt(head + FuseLayout.IN_OPCODE, FuseOpcode.SETLK);
    frame.putLong(head + FuseLayout.IN_NODEID, owner.node);
    int body = head + FuseLayout.IN_BYTES;
    frame.putLong(body + FuseLayout.LK_OWNER, owner.id);
    frame.putLong(body + FuseLayout.LK_END, Long.MAX_VALUE);
    frame.putInt(body + FuseLayout.LK_TYPE, F_UNLCK);
    frame.putInt(body + FuseLayout.LK_FLAGS, owner.flock ? FuseLayout.LK_FLOCK : 0);
    try {
      if (!mount.sendBehind(number, frame)) {
        mount.send(frame);
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "the home has gone, and the lock with it", e);
    }
  }

  void close() {
    timer.shutdownNow();
    held.clear();
  }
}
