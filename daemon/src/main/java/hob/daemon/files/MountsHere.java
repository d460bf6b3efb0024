package hob.daemon.files;

import hob.daemon.files.GuestsThere.Place;
import hob.files.abroad.FileMount;
import hob.files.frame.FileFrame;
import hob.files.home.FrameSink;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;

/**
 * The files of one home on this host: its mounts, which stay as long as both daemons. Any thread.
 */
final class MountsHere {
  private static final System.Logger LOG = System.getLogger(MountsHere.class.getName());
  private static final long PATIENCE_SECONDS = 60;

  /** So many does {@link FileMount#kept} have. */
  private static final int DESCRIPTORS = 2;

  private final String home;
  private final KeeperNotes kept;
  private final FrameSink sink;
  private final Map<Integer, FileMount> mounts = new ConcurrentHashMap<>();
  private final Map<Integer, Long> tokens = new ConcurrentHashMap<>();
  private final CompletableFuture<Boolean> gone = new CompletableFuture<>();

  /**
   * No mounts yet.
   *
   * @param directory where they are to be made; for these alone
   */
  MountsHere(String home, Path directory, FrameSink sink) {
    this.home = home;
    this.sink = sink;
    kept = new KeeperNotes(directory);
  }

  /** Takes up what an earlier daemon has left there. */
  void takeUp() {
    for (KeeperNotes.Kept each : kept.all(DESCRIPTORS)) {
      int number = each.number();
      try {
        Path at = at(number);
        mounts.put(
            number,
            FileMount.takeUp(number, at, each.descriptors(), sink, FileMount.Options.USUAL));
        tokens.put(number, Long.parseLong(each.words().getFirst()));
        LOG.log(System.Logger.Level.INFO, "the files of {0} are still mounted at {1}", home, at);
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.WARNING, "a mount of " + home + "'s files is lost", e);
        kept.end(number);
      }
    }
  }

  private Path at(int number) {
    return kept.at(Integer.toString(number));
  }

  /** Where mounts are that are not to be taken away. */
  List<Path> mountPoints() {
    return mounts.values().stream().map(FileMount::mountPoint).toList();
  }

  /** All there are. */
  List<Place> places() {
    return tokens.entrySet().stream().map(e -> new Place(e.getKey(), e.getValue())).toList();
  }

  /**
   * The home has been told what there is: the mounts begin to be served, or are served on by a new
   * daemon there.
   */
  void attach() {
    mounts.forEach((number, mount) -> {
      try {
        mount.attach();
      } catch (IOException | RuntimeException e) {
        LOG.log(System.Logger.Level.WARNING, "a mount of " + home + "'s files ends", e);
        drop(number);
      }
    });
  }

  private void drop(int number) {
    tokens.remove(number);
    FileMount mount = mounts.remove(number);
    if (mount != null) {
      mount.close();
    }
    kept.end(number);
  }

  /** Whether the home's mount is here. */
  boolean has(Place place) {
    return Long.valueOf(place.token()).equals(tokens.get(place.number()));
  }

  /**
   * A mount that the home has made ready for.
   *
   * @throws hob.linux.LinuxException when it cannot be mounted
   */
  synchronized FileMount mount(Place place) {
    if (!has(place)) {
      drop(place.number());
      mounts.put(place.number(), make(place));
      tokens.put(place.number(), place.token());
    }
    return Objects.requireNonNull(mounts.get(place.number()));
  }

  private FileMount make(Place place) {
    int number = place.number();
    if (gone.isDone()) {
      throw new IllegalStateException("the daemon of " + home + " has gone");
    }
    Path at = at(number);
    try {
      Files.createDirectories(at);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    LOG.log(System.Logger.Level.INFO, "the files of {0} are mounted at {1}", home, at);
    FileMount mount = FileMount.open(home, number, at, sink, FileMount.Options.USUAL);
    try {
      kept.keep(number, mount.kept(), List.of(Long.toString(place.token())));
    } catch (RuntimeException e) {
      mount.close();
      throw e;
    }
    return mount;
  }

  /** Takes a frame; the connection's reader thread. */
  void frame(byte[] frame) {
    if (frame.length >= FileFrame.HEAD_BYTES) {
      ByteBuffer body = ByteBuffer.wrap(frame).order(ByteOrder.LITTLE_ENDIAN);
      FileMount mount = mounts.get(body.getShort(FileFrame.MOUNT) & 0xffff);
      if (mount != null) {
        mount.frame(body);
      }
    }
  }

  /** Sends the home what processes here have done to files, ahead of what is sent next. */
  void barrier(boolean mappings) {
    mounts.values().forEach(m -> m.barrier(mappings));
  }

  /** Completes when what the home has told of files until now is in effect. */
  CompletableFuture<?> afterNotices() {
    return CompletableFuture.allOf(
        mounts.values().stream().map(this::afterNotices).toArray(CompletableFuture<?>[]::new));
  }

  private CompletableFuture<?> afterNotices(FileMount mount) {
    CompletableFuture<Boolean> applied = new CompletableFuture<>();
    mount.afterNotices(() -> applied.complete(true));
    return CompletableFuture.anyOf(applied, mount.whenGone());
  }

  /** Of some processes here, those that hold locks of the home's files. */
  Set<Integer> lockHolders(Collection<Integer> pids) {
    return mounts.values().stream()
        .flatMap(m -> m.lockHolders(pids).stream())
        .collect(Collectors.toSet());
  }

  /**
   * Returns when the home has made the changes that processes here know of, and these can see what
   * has happened at home until then.
   *
   * @throws UncheckedIOException when the home has gone or does not answer
   */
  void flush(int number) {
    FileMount mount = mounts.get(number);
    if (mount == null) {
      return;
    }
    try {
      mount.flush();
      afterNotices(mount).get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (IOException e) {
      throw new UncheckedIOException(home + ": " + e.getMessage(), e);
    } catch (TimeoutException | java.util.concurrent.ExecutionException e) {
      throw new IllegalStateException("changes of files of " + home + " are not applied", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  /** Takes all away, whoever uses them. */
  void close() {
    gone.complete(true);
    List.copyOf(mounts.keySet()).forEach(this::drop);
  }

  /** Leaves all to the next daemon. */
  void leave() {
    gone.complete(true);
    mounts.values().forEach(FileMount::leave);
  }

  /** Whether there is any. */
  boolean isEmpty() {
    return mounts.isEmpty();
  }
}
