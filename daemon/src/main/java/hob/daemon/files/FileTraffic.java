package hob.daemon.files;

import com.google.protobuf.ByteString;
import hob.daemon.files.GuestsThere.Place;
import hob.daemon.files.Roots.Root;
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
import hob.wire.proto.MountThere;
import hob.wire.proto.MountsLost;
import hob.wire.proto.MountsThere;
import hob.wire.proto.SessionRoot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** All that this daemon has to do with files of homes, its own and others'. Any thread. */
public final class FileTraffic implements HomeFiles, FileOrder, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(FileTraffic.class.getName());
  private static final Path ROOT = Path.of("/");

  private final SharedPaths shared;
  private final Path directory;
  private final Executor executor;
  private final BiConsumer<String, FilesCargo> wire;
  private final Predicate<String> heard;
  private final Owners owners;
  private final Path guestDirectory;
  private final Map<String, GuestsThere> guests = new ConcurrentHashMap<>();
  private final Map<String, MountsHere> mounts = new ConcurrentHashMap<>();
  private final Map<String, InOrder> lines = new ConcurrentHashMap<>();
  private final AtomicInteger generations = new AtomicInteger();
  private final Roots roots;

  /** Peers that have been told, before they were heard, what is mounted of them. */
  private final Set<String> told = ConcurrentHashMap.newKeySet();

  private volatile Consumer<String> lost = _ -> {};
  // Guarded by this.
  private @Nullable FileServer server;

  /**
   * With the mounts that an earlier daemon left, and without guests. {@link #start} comes next.
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
    roots = new Roots(directory.resolve("roots"));
    guestDirectory = directory.resolveSibling("guests");
    owners = new Owners(guestDirectory.resolve("owners"));
    takeUp();
    takeUpGuests();
  }

  private void takeUp() {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(directory, "*.*")) {
      for (Path each : all) {
        String name = Objects.requireNonNull(each.getFileName()).toString();
        int dot = name.lastIndexOf('.');
        if (Files.isDirectory(each) && name.substring(dot + 1).matches("[0-9]{1,9}")) {
          generations.accumulateAndGet(Integer.parseInt(name.substring(dot + 1)), Math::max);
          takeUp(name.substring(0, dot), each);
        }
      }
    } catch (NoSuchFileException _) {
      // There was no earlier daemon.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<Path> kept = mounts.values().stream().flatMap(m -> m.mountPoints().stream()).toList();
    MountPoints.below(directory).stream()
        .filter(point -> !kept.contains(point))
        .forEach(MountPoints::detach);
  }

  private void takeUpGuests() {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(guestDirectory)) {
      for (Path each : all) {
        if (Files.isDirectory(each)) {
          takeUpGuests(Objects.requireNonNull(each.getFileName()).toString());
        }
      }
    } catch (NoSuchFileException _) {
      // There were none.
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void takeUpGuests(String peer) {
    try {
      there(peer).takeUp();
    } catch (LinuxException e) {
      // The peer will be told that its mounts are not known.
      LOG.log(System.Logger.Level.ERROR, "files cannot be served to " + peer, e);
    }
  }

  private void takeUp(String home, Path at) {
    MountsHere here = new MountsHere(home, at, frame -> send(home, frame));
    here.takeUp();
    if (!here.isEmpty()) {
      mounts.put(home, here);
    }
  }

  /**
   * Begins to serve what was taken up; before anything is said of processes.
   *
   * @param peers those that can be spoken to, though they may not be heard yet
   * @param toEnd told of a home whose files are lost to processes here, before they are taken away
   */
  public void start(Collection<String> peers, Consumer<String> toEnd) {
    lost = toEnd;
    for (String home : mounts.keySet()) {
      if (peers.contains(home)) {
        told.add(home);
        tell(home);
      }
    }
  }

  /** Says to a peer's new daemon, or as one, what is mounted of it, and goes on with that. */
  private void tell(String home) {
    MountsHere here = mounts.get(home);
    MountsThere.Builder all = MountsThere.newBuilder();
    if (here != null) {
      for (Place p : here.places()) {
        all.addMounts(MountThere.newBuilder().setNumber(p.number()).setToken(p.token()));
      }
    }
    wire.accept(home, FilesCargo.newBuilder().setMounts(all).build());
    if (here != null) {
      here.attach();
    }
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
          roots.put(
              id,
              new Root(new Place(r.getMount(), r.getToken()), SharedPaths.of(r.getSharedList())));
          if (r.getMount() != 0) {
            here(peer);
          }
        }
      }
      case MOUNTS -> mounts(peer, cargo.getMounts());
      case LOST -> {
        if (cargo.getLost().getNumberCount() > 0) {
          lost(peer);
        }
      }
      case BODY_NOT_SET ->
          LOG.log(System.Logger.Level.WARNING, "{0} says of files what is unknown here", peer);
    }
  }

  /** What a peer has of this home's files; guests that it does not know of are gone. */
  private void mounts(String peer, MountsThere has) {
    List<Place> places =
        has.getMountsList().stream().map(m -> new Place(m.getNumber(), m.getToken())).toList();
    GuestsThere there = guests.get(peer);
    MountsLost.Builder unknown = MountsLost.newBuilder();
    for (Place place : places) {
      if (there == null || !there.has(place)) {
        unknown.addNumber(place.number());
      }
    }
    if (there != null) {
      there.keep(places);
    }
    if (unknown.getNumberCount() > 0) {
      wire.accept(peer, FilesCargo.newBuilder().setLost(unknown).build());
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

  /** A peer has a new daemon, or this one has heard it for the first time. */
  public void renewed(String peer) {
    if (!told.remove(peer)) {
      tell(peer);
    }
  }

  /** A home does not know what is mounted of it here: it can never be asked again. */
  private void lost(String home) {
    MountsHere here = mounts.remove(home);
    if (here != null) {
      LOG.log(System.Logger.Level.WARNING, "{0} does not know its mounts here: they end", home);
      executor.execute(() -> {
        try {
          lost.accept(home);
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
        Place place = there(peer).mount(owners.of(session));
        root.setMount(place.number()).setToken(place.token());
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
    return guests.computeIfAbsent(
        peer, p -> new GuestsThere(s, frame -> send(p, frame), guestDirectory.resolve(p)));
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
    if (root.shared().everything()) {
      if (!shared.everything()) {
        throw new MoveRefusedException(
            "its home says that all files are shared, this host does not: files.shared must agree");
      }
      return null;
    }
    if (!root.hasMount()) {
      throw new MoveRefusedException("its home cannot serve its files; see the log there");
    }
    try {
      Path mount = here(session.home()).mount(root.mount()).mountPoint();
      List<Path> own =
          root.shared().both(shared).stream()
              .filter(
                  p -> Files.isDirectory(p) && Files.isDirectory(mount.resolve(ROOT.relativize(p))))
              .toList();
      return new SandboxRoot(mount, own);
    } catch (RuntimeException e) {
      throw new MoveRefusedException("its home's files cannot be mounted: " + e.getMessage());
    }
  }

  @Override
  public boolean areServed(SessionId session) {
    Root root = roots.get(session);
    MountsHere here = mounts.get(session.home());
    return root != null && here != null && here.has(root.mount());
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
    if (root != null && here != null && root.hasMount()) {
      here.barrier(true);
      here.flush(root.mount().number());
    }
  }

  @Override
  public void learn(SessionId session) {
    Root root = roots.get(session);
    MountsHere here = mounts.get(session.home());
    if (root != null && here != null && root.hasMount()) {
      here.flush(root.mount().number());
    }
  }

  /** A session is over, here at least. */
  public void ended(SessionId session) {
    owners.forget(session);
    roots.remove(session);
  }

  /** Serves no more; guests, and mounts that processes use, are left to the next daemon. */
  @Override
  public synchronized void close() {
    mounts.forEach((home, here) -> {
      if (roots.anyOf(home)) {
        here.leave();
      } else {
        here.close();
      }
    });
    guests.values().forEach(GuestsThere::leave);
    if (server != null) {
      server.leave();
    }
  }
}
