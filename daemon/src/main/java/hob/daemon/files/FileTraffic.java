package hob.daemon.files;

import com.google.protobuf.ByteString;
import hob.daemon.peer.FileOrder;
import hob.files.frame.FileFrame;
import hob.files.home.FileServer;
import hob.home.HomeFiles;
import hob.home.MoveRefusedException;
import hob.home.SandboxRoot;
import hob.home.SessionId;
import hob.image.Refusal;
import hob.linux.LinuxException;
import hob.linux.MountPoints;
import hob.wire.proto.FilesCargo;
import hob.wire.proto.SessionRoot;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** All that this daemon has to do with files of homes, its own and others'. Any thread. */
public final class FileTraffic implements HomeFiles, FileOrder, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(FileTraffic.class.getName());
  private static final Path ROOT = Path.of("/");

  /** What the home of a foreign session said of it. */
  private record Root(int mount, SharedPaths shared) {}

  private final SharedPaths shared;
  private final Path directory;
  private final Executor executor;
  private final BiConsumer<String, FilesCargo> wire;
  private final Predicate<String> heard;
  private final Owners owners = new Owners();
  private final Map<String, GuestsThere> guests = new ConcurrentHashMap<>();
  private final Map<String, MountsHere> mounts = new ConcurrentHashMap<>();
  private final Map<String, InOrder> lines = new ConcurrentHashMap<>();
  private final AtomicInteger generations = new AtomicInteger();
  private final Map<SessionId, Root> roots = new ConcurrentHashMap<>();
  // Guarded by this.
  private @Nullable FileServer server;

  /**
   * Without guests and mounts as yet; takes away what an earlier daemon left.
   *
   * @param shared what all hosts have in common
   * @param directory for mounts
   * @param executor for what has to wait for files
   * @param wire sends to a peer, in order with all else; must not block
   * @param heard whether there is a connection to a peer just now
   */
  public FileTraffic(
      SharedPaths shared,
      Path directory,
      Executor executor,
      BiConsumer<String, FilesCargo> wire,
      Predicate<String> heard) {
    this.shared = shared;
    this.directory = directory;
    this.executor = executor;
    this.wire = wire;
    this.heard = heard;
    MountPoints.below(directory).forEach(MountPoints::detach);
  }

  private void send(String peer, ByteBuffer frame) {
    wire.accept(peer, FilesCargo.newBuilder().setFrame(ByteString.copyFrom(frame)).build());
  }

  private InOrder line(String peer) {
    return lines.computeIfAbsent(peer, p -> new InOrder(executor));
  }

  // ------------------------------------------------------------------ what comes in

  /** Takes what a peer sent; the connection's reader thread. */
  public void heard(String peer, FilesCargo cargo) {
    switch (cargo.getBodyCase()) {
      case FRAME -> frame(peer, cargo.getFrame());
      case ROOT -> {
        SessionRoot r = cargo.getRoot();
        SessionId id = SessionId.parse(r.getSession());
        if (id.home().equals(peer)) {
          roots.put(id, new Root(r.getMount(), SharedPaths.of(r.getSharedList())));
          if (r.getMount() != 0) {
            here(peer);
          }
        }
      }
      case BODY_NOT_SET ->
          LOG.log(System.Logger.Level.WARNING, "{0} says of files what is unknown here", peer);
    }
  }

  private void frame(String peer, ByteString frame) {
    if (frame.isEmpty()) {
      return;
    }
    if (FileFrame.isForHome(frame.byteAt(FileFrame.KIND))) {
      GuestsThere there = guests.get(peer);
      if (there != null) {
        there.frame(ByteBuffer.wrap(frame.toByteArray()));
      }
    } else {
      MountsHere here = mounts.get(peer);
      if (here != null) {
        here.frame(frame.toByteArray());
      }
    }
  }

  /**
   * Acts upon a message of a peer about a process, when what the peer said of files before it has
   * taken effect; at once when that is nothing. The connection's reader thread.
   */
  public void inOrder(String peer, Runnable action) {
    GuestsThere there = guests.get(peer);
    MountsHere here = mounts.get(peer);
    if (there == null && here == null) {
      InOrder line = lines.get(peer);
      if (line == null || line.isEmpty()) {
        action.run();
        return;
      }
    }
    line(peer).add(action, ready(there, here));
  }

  private static java.util.concurrent.CompletableFuture<?> ready(
      @Nullable GuestsThere there, @Nullable MountsHere here) {
    var none = java.util.concurrent.CompletableFuture.completedFuture(true);
    return java.util.concurrent.CompletableFuture.allOf(
        there == null ? none : there.afterChanges(), here == null ? none : here.afterNotices());
  }

  /**
   * A peer has a new daemon: what the old one had mounted has gone, and what was mounted of it can
   * never be asked again.
   *
   * @param lost called before that goes away
   */
  public void renewed(String peer, Runnable lost) {
    GuestsThere there = guests.remove(peer);
    if (there != null) {
      there.close();
    }
    MountsHere here = mounts.remove(peer);
    if (here != null) {
      LOG.log(System.Logger.Level.WARNING, "{0} has a new daemon: its mounts end", peer);
      executor.execute(() -> {
        try {
          lost.run();
        } finally {
          here.close();
        }
      });
    }
  }

  // ------------------------------------------------------------------ what goes out

  @Override
  public void ahead(String peer) {
    GuestsThere there = guests.get(peer);
    if (there != null) {
      there.barrier();
    }
    MountsHere here = mounts.get(peer);
    if (here != null) {
      // Nothing can be written back to a home that is not heard: who waited would wait long.
      here.barrier(heard.test(peer));
    }
  }

  @Override
  public void offer(String peer, SessionId session) {
    SessionRoot.Builder root =
        SessionRoot.newBuilder().setSession(session.toString()).addAllShared(shared.words());
    if (!shared.everything()) {
      try {
        root.setMount(there(peer).mount(owners.of(session)));
      } catch (LinuxException e) {
        // The peer refuses the session for want of it.
        LOG.log(System.Logger.Level.ERROR, "the files of " + session + " cannot be served", e);
      }
    }
    wire.accept(peer, FilesCargo.newBuilder().setRoot(root).build());
  }

  private synchronized GuestsThere there(String peer) {
    FileServer s = server == null ? FileServer.open() : server;
    server = s;
    return guests.computeIfAbsent(peer, p -> new GuestsThere(s, frame -> send(p, frame)));
  }

  private MountsHere here(String home) {
    return mounts.computeIfAbsent(
        home,
        h ->
            new MountsHere(
                h,
                directory.resolve(h + "." + generations.incrementAndGet()),
                frame -> send(h, frame)));
  }

  // ------------------------------------------------------------------ for the engine

  @Override
  public @Nullable SandboxRoot root(SessionId session) throws MoveRefusedException {
    Root root = roots.get(session);
    if (root == null) {
      throw new MoveRefusedException("its home has not said which files it is to have");
    }
    if (root.shared.everything()) {
      if (!shared.everything()) {
        throw new MoveRefusedException(
            "its home says that all files are shared, this host does not: files.shared must agree");
      }
      return null;
    }
    if (root.mount == 0) {
      throw new MoveRefusedException("its home cannot serve its files; see the log there");
    }
    try {
      Path mount = here(session.home()).mount(root.mount).mountPoint();
      List<Path> own =
          root.shared.both(shared).stream()
              .filter(
                  p -> Files.isDirectory(p) && Files.isDirectory(mount.resolve(ROOT.relativize(p))))
              .toList();
      return new SandboxRoot(mount, own);
    } catch (RuntimeException e) {
      throw new MoveRefusedException("its home's files cannot be mounted: " + e.getMessage());
    }
  }

  @Override
  public List<Refusal> check(SessionId session, List<Integer> pids) {
    MountsHere here = mounts.get(session.home());
    return here == null
        ? List.of()
        : here.lockHolders(pids).stream()
            .map(pid -> new Refusal(pid, "file-lock", "holds a lock on a file of its home"))
            .toList();
  }

  @Override
  public void send(SessionId session) {
    Root root = roots.get(session);
    MountsHere here = mounts.get(session.home());
    if (root != null && here != null && root.mount != 0) {
      here.barrier(true);
      here.flush(root.mount);
    }
  }

  @Override
  public void learn(SessionId session) {
    Root root = roots.get(session);
    MountsHere here = mounts.get(session.home());
    if (root != null && here != null && root.mount != 0) {
      here.flush(root.mount);
    }
  }

  /** A session is over, here at least. */
  public void ended(SessionId session) {
    owners.forget(session);
    roots.remove(session);
  }

  /** Takes all mounts away; files are served no more. */
  @Override
  public synchronized void close() {
    mounts.values().forEach(MountsHere::close);
    guests.values().forEach(GuestsThere::close);
    if (server != null) {
      server.close();
    }
  }
}
