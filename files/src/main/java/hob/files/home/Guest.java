package hob.files.home;

import hob.files.frame.FileFrame;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.fanotify.FileId;
import hob.linux.fuse.FuseOpcode;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One mount of this home's files on one foreign host, for one user: what it knows, and the threads
 * that serve it.
 *
 * <p>{@link #frame} is for the connection's reader thread, all else public for any.
 */
public final class Guest implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Guest.class.getName());
  private static final int READERS = 3;

  /** A file without a name may take room so long after it was closed. */
  private static final long SWEEP_MILLIS = 500;

  private final FileServer server;
  private final int mount;
  private final Credentials user;
  private final FrameSink sink;
  private final Descriptors descriptors;
  private final Locks locks;
  private final NodeTable nodes;
  private final Outbox outbox;
  private final GuestState state;
  private final Request.Pool pool = new Request.Pool();

  /** Requests that change something, in order; and what must come after them. */
  private final BlockingQueue<Runnable> changes = Worker.queue();

  /** Requests that only look. */
  private final BlockingQueue<Runnable> looks = Worker.queue();

  private final List<Worker> workers = new ArrayList<>();
  private final Worker mutator;

  /** Nodes that have a descriptor for writing. */
  private final Set<Node> writers = ConcurrentHashMap.newKeySet();

  /** Writes under way that were acknowledged already. */
  private final AtomicInteger behind = new AtomicInteger();

  private final AtomicBoolean flushScheduled = new AtomicBoolean();
  private final AtomicBoolean retryScheduled = new AtomicBoolean();
  private final AtomicBoolean closeScheduled = new AtomicBoolean();
  private final AtomicBoolean sweepScheduled = new AtomicBoolean();
  private final Object flushLock = new Object();
  private volatile boolean closed;

  /** An earlier program served it, and it has not noticed yet. */
  private volatile boolean isAwaited;

  Guest(FileServer server, int mount, Credentials user, FrameSink sink, GuestState state) {
    this.server = server;
    this.mount = mount;
    this.user = user;
    this.sink = sink;
    descriptors = new Descriptors(server.cache());
    locks = new Locks(this, descriptors);
    outbox = new Outbox(mount);
    this.state = state;
    nodes = new NodeTable(state.nodes(), outbox);
    mutator = worker("files-change-" + mount, changes, true);
    for (int i = 0; i < READERS; i++) {
      worker("files-look-%d-%d".formatted(mount, i), looks, false);
    }
  }

  private Worker worker(String name, BlockingQueue<Runnable> queue, boolean isMutator) {
    Worker worker = new Worker(this, name, queue, new Operations(this, descriptors), isMutator);
    workers.add(worker);
    return worker;
  }

  /**
   * Starts the threads and takes the root directory.
   *
   * @throws LinuxException ENOENT and kin if there is none
   */
  void start(Path root) {
    begin(() -> takeRoot(root));
  }

  /**
   * Starts the threads and takes up what an earlier program has left of the guest. What comes in
   * before {@link FileFrame#ATTACH} has no effect: some of it was said to that program, and who
   * said it will say it again.
   *
   * @throws IllegalStateException if its root directory is not known
   */
  void resume() {
    isAwaited = true;
    begin(this::recall);
  }

  private void begin(Runnable first) {
    workers.forEach(Worker::start);
    CompletableFuture<Boolean> ready = new CompletableFuture<>();
    changes.add(() -> {
      try {
        first.run();
        ready.complete(true);
      } catch (RuntimeException e) {
        ready.completeExceptionally(e);
      }
    });
    try {
      ready.join();
    } catch (java.util.concurrent.CompletionException e) {
      close();
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

  private void takeRoot(Path root) {
    Fd fd = Fd.open(root.toString(), Fd.O_PATH | Fd.O_DIRECTORY);
    Node node =
        new Names(this, descriptors, new Operations(this, descriptors))
            .register(mutator, fd.number(), null);
    if (node.id != 1) {
      throw new IllegalStateException("the root is node " + node.id);
    }
    descriptors.keepPath(node, fd.number());
    descriptors.pin(node);
  }

  private void recall() {
    NodeFile saved = Objects.requireNonNull(state.nodes());
    List<Vault.Kept> kept = state.vault().all();
    for (Vault.Kept each : kept) {
      if (each.tag().kind() == Vault.Kind.MOUNT) {
        try (Fd file = each.file()) {
          Vault.Tag tag = each.tag();
          server.mounts().restore(tag.id(), mutator, file.number(), tag.more(), tag.number());
        }
      }
    }
    for (NodeFile.Saved known : saved.nodes()) {
      Mount on = server.mounts().get(known.mount());
      if (on == null) {
        saved.remove(known.record());
      } else {
        server.watch().register(nodes.restore(this, on, known));
      }
    }
    saved.absences().forEach(nodes::restore);
    for (Vault.Kept each : kept) {
      recall(each);
    }
    if (nodes.get(1) == null) {
      throw new IllegalStateException("the root directory of a guest is not known any more");
    }
  }

  private void recall(Vault.Kept each) {
    if (each.tag().kind() == Vault.Kind.MOUNT) {
      return;
    }
    Node node = nodes.get(each.tag().id());
    if (node == null) {
      state.vault().drop(each.tag());
      each.file().close();
    } else if (each.tag().kind() == Vault.Kind.LOCK) {
      locks.restore(node, each);
    } else {
      descriptors.keepPath(node, each.file().number());
      descriptors.pin(node);
    }
  }

  // ------------------------------------------------------------------ what comes in

  /**
   * Takes a frame.
   *
   * @param body from {@link FileFrame#KIND} on; valid only during the call
   */
  public void frame(ByteBuffer body) {
    body.order(ByteOrder.LITTLE_ENDIAN);
    if (closed || body.remaining() < FileFrame.HEAD_BYTES) {
      return;
    }
    int at = body.position();
    int kind = body.get(at + FileFrame.KIND);
    if (kind == FileFrame.ATTACH) {
      isAwaited = false;
    } else if (isAwaited) {
      return;
    }
    int flags = body.get(at + FileFrame.FLAGS);
    body.position(at + FileFrame.HEAD_BYTES);
    switch (kind) {
      case FileFrame.REQUEST -> request(body, flags);
      case FileFrame.FLUSH -> changes.add(this::answerFlush);
      case FileFrame.ATTACH -> changes.add(this::attached);
      default -> LOG.log(Level.WARNING, "a frame about files of kind {0}", kind);
    }
  }

  private void request(ByteBuffer body, int flags) {
    Request request = pool.take(body);
    if (request == null) {
      LOG.log(Level.WARNING, "a guest's request is malformed");
      return;
    }
    Node node = nodes.get(request.nodeId());
    request.node = node;
    int opcode = request.opcode();
    boolean mayBeBehind = opcode == FuseOpcode.WRITE || opcode == FuseOpcode.SETLK;
    request.behind = mayBeBehind && (flags & FileFrame.BEHIND) != 0;
    request.sentAgain = (flags & FileFrame.AGAIN) != 0;
    if (request.behind && node != null) {
      node.behind.incrementAndGet();
      behind.incrementAndGet();
    }
    queue(request, opcode, node != null && node.behind.get() > 0);
  }

  private void queue(Request request, int opcode, boolean isDirty) {
    switch (opcode) {
      case FuseOpcode.READ -> {
        if (isDirty) {
          changes.add(() -> looks.add(request));
        } else {
          looks.add(request);
        }
      }
      case FuseOpcode.FSYNC, FuseOpcode.FSYNCDIR -> changes.add(() -> looks.add(request));
      case FuseOpcode.LOOKUP,
          FuseOpcode.GETATTR,
          FuseOpcode.READLINK,
          FuseOpcode.STATFS,
          FuseOpcode.GETXATTR,
          FuseOpcode.LISTXATTR,
          FuseOpcode.READDIR,
          FuseOpcode.READDIRPLUS,
          FuseOpcode.LSEEK -> {
        // Sizes and times must be those after the writes that the foreign kernel takes for made.
        if (behind.get() > 0) {
          changes.add(request);
        } else {
          looks.add(request);
        }
      }
      default -> changes.add(request);
    }
  }

  /** Who serves the mount there has changed, and notices may have been lost with him. */
  private void attached() {
    try {
      server.watch().drain();
      for (Node node : nodes.all()) {
        outbox.inode(node, 0);
      }
      forgetNames();
      flush();
      send(locks.list(mount));
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a guest has gone", e);
    }
  }

  private void answerFlush() {
    closeWriters();
    try {
      // Whoever asks wants to know what others have done, too.
      barrier();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a guest has gone", e);
    }
    ByteBuffer frame = ByteBuffer.allocate(FileFrame.HEAD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    frame.put(FileFrame.KIND, (byte) FileFrame.FLUSHED);
    frame.putShort(FileFrame.MOUNT, (short) mount);
    try {
      send(frame);
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a guest has gone", e);
    }
  }

  /**
   * Runs something when all that came in before has taken effect: for messages of the foreign
   * host's processes.
   */
  public void afterChanges(Runnable action) {
    changes.add(() -> {
      closeWriters();
      action.run();
    });
  }

  // ------------------------------------------------------------------ what goes out

  /**
   * Tells the guest all that has changed at home until now, ahead of what the caller sends next on
   * the same connection. That is the barrier; it goes before every message about a process.
   *
   * @throws IOException if the connection has gone
   */
  public void barrier() throws IOException {
    server.watch().drain();
    flush();
  }

  /** Sends what is in the outbox. */
  private void flush() throws IOException {
    synchronized (flushLock) {
      ByteBuffer notices = outbox.take();
      if (notices != null) {
        sink.send(notices);
      }
    }
  }

  /** Has the outbox sent soon. */
  void scheduleFlush() {
    if (flushScheduled.compareAndSet(false, true)) {
      looks.add(() -> {
        flushScheduled.set(false);
        try {
          flush();
        } catch (IOException e) {
          LOG.log(Level.DEBUG, "a guest has gone", e);
        }
      });
    }
  }

  void send(ByteBuffer frame) throws IOException {
    sink.send(frame);
  }

  // ------------------------------------------------------------------ for the workers

  int mount() {
    return mount;
  }

  NodeTable nodes() {
    return nodes;
  }

  MountTable mounts() {
    return server.mounts();
  }

  Outbox outbox() {
    return outbox;
  }

  Vault vault() {
    return state.vault();
  }

  /** A file on a mount is about to be registered. */
  void keepMount(Mount mount, int fd, boolean handles) {
    int root = mount.root().number();
    vault()
        .put(
            new Vault.Tag(Vault.Kind.MOUNT, mount.id(), 0, handles, mount.number()),
            root >= 0 ? root : fd);
  }

  /** What was kept so is not needed any more. */
  void unkeep(Vault.Tag tag) {
    vault().drop(tag);
    if (vault().hasIdle() && sweepScheduled.compareAndSet(false, true)) {
      server.later(
          SWEEP_MILLIS,
          () -> {
            sweepScheduled.set(false);
            vault().sweep();
          });
    }
  }

  /** What the guest was answered last. */
  Answers answers() {
    return state.answers();
  }

  Locks locks() {
    return locks;
  }

  /** A worker's thread says who it is. */
  void serves(int tid) {
    server.watch().thread(tid, this);
  }

  /** For whom a request of this process is carried out: never for more than the guest's user. */
  Credentials userOf(int uid, int gid) {
    if (user.uid() != 0) {
      return gid == user.gid() || !user.has(gid)
          ? user
          : new Credentials(user.uid(), gid, user.groups());
    }
    return uid == 0 && gid == user.gid()
        ? user
        : new Credentials(uid, gid, uid == 0 ? user.groups() : new int[] {gid});
  }

  /** Takes rights for a request. */
  void act(Identity identity, Credentials who) {
    if (user.uid() == 0) {
      identity.inNameOf(who);
    } else {
      identity.user(who);
    }
  }

  /** A file that the guest is about to hear of. */
  Node register(Mount on, FileId file, int type, long flags, Node.@Nullable Place place) {
    Node node = nodes.found(this, on, file, type, flags, place);
    server.watch().register(node);
    return node;
  }

  void forget(long id, long lookups) {
    Node node = nodes.forget(id, lookups);
    if (node != null) {
      server.watch().unregister(node);
      writers.remove(node);
      // Requests about it are over, but for writes that were acknowledged early.
      changes.add(() -> {
        locks.forget(node);
        descriptors.drop(node);
        unkeep(Vault.Tag.file(node));
      });
    }
  }

  /** A file loses its last name: whoever has it open abroad keeps it. */
  void pinAll(Worker worker, FileId file) {
    for (Node node : server.watch().of(file)) {
      descriptors.pin(worker, node);
    }
  }

  /** The node has a descriptor for writing now. */
  void writes(Node node) {
    writers.add(node);
    if (closeScheduled.compareAndSet(false, true)) {
      server.later(
          Locks.RETRY_MILLIS * 20,
          () ->
              changes.add(() -> {
                closeScheduled.set(false);
                closeWriters();
              }));
    }
  }

  /** Closes what is open for writing, else the home could not execute what was compiled abroad. */
  private void closeWriters() {
    writers.removeIf(node -> {
      boolean idle = node.behind.get() == 0;
      if (idle) {
        descriptors.closeWriter(node);
      }
      return idle;
    });
  }

  void behindDone() {
    behind.decrementAndGet();
  }

  /** Tries again for those who wait for locks. */
  void retryLocksSoon() {
    if (retryScheduled.compareAndSet(false, true)) {
      server.later(
          Locks.RETRY_MILLIS,
          () ->
              changes.add(() -> {
                retryScheduled.set(false);
                if (locks.retry(Worker.current())) {
                  retryLocksSoon();
                }
              }));
    }
  }

  /** Events were lost: no name that the guest knows can be relied on, nor that there is none. */
  void forgetNames() {
    nodes.expireNames();
  }

  /** How many files the guest knows. */
  public int size() {
    return nodes.all().size();
  }

  /** Ends it: the connection has gone, or the last session that used the mount. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    server.remove(this);
    changes.add(() -> {
      locks.clear();
      for (Node node : nodes.clear()) {
        server.watch().unregister(node);
        descriptors.drop(node);
      }
      server.watch().forget(this);
      state.close();
      workers.forEach(Worker::stop);
    });
  }
}
