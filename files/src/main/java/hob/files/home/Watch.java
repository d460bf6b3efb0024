package hob.files.home;

import hob.linux.fanotify.Fanotify;
import hob.linux.fanotify.FileId;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Hears of changes at home and puts them into the outboxes of guests that know what changed. */
final class Watch implements Fanotify.Events, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Watch.class.getName());
  private static final Node[] NONE = {};
  private static final long NAMES =
      Fanotify.CREATE | Fanotify.DELETE | Fanotify.MOVED_FROM | Fanotify.MOVED_TO;
  private static final long CONTENTS = Fanotify.MODIFY | Fanotify.CLOSE_WRITE;

  /** While nobody asks, events are looked at so often: their queue must not grow for ever. */
  private static final long NAP_NANOS = 10_000_000;

  private static final int WAIT_MILLIS = 500;

  private final Fanotify fanotify;
  private final Map<FileId, Node[]> nodes = new ConcurrentHashMap<>();
  private final Map<Integer, Guest> threads = new ConcurrentHashMap<>();
  private final Set<Guest> guests;
  private final Thread reader;
  private final Object lock = new Object();
  private volatile boolean closed;

  /**
   * Starts watching.
   *
   * @param guests all there are; a live view
   */
  Watch(Fanotify fanotify, Set<Guest> guests) {
    this.fanotify = fanotify;
    this.guests = guests;
    reader = Thread.ofPlatform().daemon().name("files-watch").start(this::run);
  }

  private void run() {
    while (!closed) {
      if (fanotify.await(WAIT_MILLIS) && !closed) {
        drain();
        guests.forEach(Guest::scheduleFlush);
        LockSupport.parkNanos(NAP_NANOS);
      }
    }
  }

  /** Watches the file system of an open file; 0 or {@code -errno}. */
  long add(int fd) {
    return fanotify.watch(fd);
  }

  /** Whatever happened before this is in the outboxes when it returns. Any thread. */
  void drain() {
    synchronized (lock) {
      if (!closed) {
        fanotify.drain(this);
      }
    }
  }

  /** From now on the node's guest is told what happens to the file. */
  void register(Node node) {
    nodes.merge(node.file, new Node[] {node}, Watch::join);
  }

  private static Node[] join(Node[] some, Node[] more) {
    for (Node node : some) {
      if (node == more[0]) {
        return some;
      }
    }
    Node[] all = java.util.Arrays.copyOf(some, some.length + 1);
    all[some.length] = more[0];
    return all;
  }

  void unregister(Node node) {
    nodes.computeIfPresent(
        node.file,
        (_, all) -> {
          Node[] rest = java.util.Arrays.stream(all).filter(n -> n != node).toArray(Node[]::new);
          return rest.length == 0 ? null : rest;
        });
  }

  /** All guests' nodes of a file. */
  Node[] of(@Nullable FileId file) {
    return file == null ? NONE : nodes.getOrDefault(file, NONE);
  }

  /** What the thread does is done for the guest, which need not be told of it. */
  void thread(int tid, Guest guest) {
    threads.put(tid, guest);
  }

  /** The guest has gone. */
  void forget(Guest guest) {
    threads.values().removeIf(g -> g == guest);
  }

  @Override
  public void changed(
      long mask,
      int thread,
      @Nullable FileId directory,
      byte @Nullable [] name,
      @Nullable FileId target) {
    Guest cause = threads.get(thread);
    FileId file = target;
    if (file == null && (name == null || isDot(name))) {
      file = directory;
    }
    if ((mask & NAMES) != 0 && name != null) {
      for (Node node : of(directory)) {
        if (node.guest != cause) {
          node.guest.outbox().inode(node, 0);
          node.guest.outbox().entry(node, name);
        }
      }
    }
    // A new name, or one less, changes link count and time of change; a directory's "..", too.
    long offset = (mask & CONTENTS) != 0 ? 0 : -1;
    for (Node node : of(file)) {
      if (node.guest != cause) {
        node.guest.outbox().inode(node, offset);
      }
    }
  }

  private static boolean isDot(byte[] name) {
    return name.length == 1 && name[0] == '.';
  }

  @Override
  public void overflow() {
    LOG.log(Level.WARNING, "events of file systems were lost: guests forget all they know");
    for (Node[] all : nodes.values()) {
      for (Node node : all) {
        node.guest.outbox().inode(node, 0);
      }
    }
    guests.forEach(Guest::forgetNames);
  }

  @Override
  public void close() {
    closed = true;
    try {
      reader.join(5_000);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    synchronized (lock) {
      fanotify.close();
    }
  }
}
