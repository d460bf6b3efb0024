package hob.daemon.files;

import hob.files.home.Credentials;
import hob.files.home.FileServer;
import hob.files.home.FrameSink;
import hob.files.home.GuestState;
import hob.files.home.Guests;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * This home's files on one peer: a mount for each user whose sessions went there, shared by them
 * and kept as long as the peer's daemon lives. Any thread.
 */
final class GuestsThere {
  private static final System.Logger LOG = System.getLogger(GuestsThere.class.getName());
  private static final Path ROOT = Path.of("/");
  private static final SecureRandom RANDOM = new SecureRandom();

  /** So many does {@link GuestState#kept} have. */
  private static final int DESCRIPTORS = 3;

  private final Guests guests;
  private final KeeperNotes kept;
  private final CompletableFuture<Boolean> gone = new CompletableFuture<>();
  // Guarded by this.
  private final Map<Credentials, Place> mounts = new HashMap<>();

  private int last;

  /**
   * A mount on the peer.
   *
   * @param token what tells it from earlier ones of its number
   */
  record Place(int number, long token) {}

  /**
   * Without any.
   *
   * @param directory for what the next daemon must know of them; for these alone
   */
  GuestsThere(FileServer server, FrameSink sink, Path directory) {
    guests = new Guests(server, sink);
    kept = new KeeperNotes(directory);
  }

  /** Takes up those that an earlier daemon has left in the directory. */
  synchronized void takeUp() {
    for (KeeperNotes.Kept each : kept.all(DESCRIPTORS)) {
      int number = each.number();
      last = Math.max(last, number);
      try {
        Credentials user = Owners.parse(each.words().subList(1, each.words().size()));
        guests.resume(number, user, GuestState.takeUp(nodes(number), each.descriptors()));
        mounts.put(user, new Place(number, Long.parseLong(each.words().getFirst())));
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.WARNING, "a guest of an earlier daemon is lost", e);
        end(number);
      }
    }
  }

  private Path nodes(int number) {
    return kept.at(number + ".nodes");
  }

  private void end(int number) {
    kept.end(number);
    try {
      Files.deleteIfExists(nodes(number));
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "what a guest knew stays", e);
    }
  }

  /**
   * A user's mount.
   *
   * @throws hob.linux.LinuxException when this host's files cannot be served
   */
  synchronized Place mount(Credentials user) {
    Place known = mounts.get(user);
    if (known != null) {
      return known;
    }
    int number = ++last;
    Place made = new Place(number, RANDOM.nextLong());
    try {
      Files.createDirectories(kept.at(""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    GuestState state = GuestState.create(nodes(number));
    List<String> words = new ArrayList<>(List.of(Long.toString(made.token)));
    words.addAll(Owners.words(user));
    kept.keep(number, state.kept(), words);
    try {
      guests.invite(number, ROOT, user, state);
    } catch (RuntimeException e) {
      end(number);
      throw e;
    }
    mounts.put(user, made);
    return made;
  }

  /** Ends all but these, which are what the peer has. */
  synchronized void keep(Collection<Place> there) {
    mounts
        .values()
        .removeIf(place -> {
          boolean gone = !there.contains(place);
          if (gone) {
            guests.close(place.number);
            end(place.number);
          }
          return gone;
        });
  }

  /** Whether there is such a mount. */
  synchronized boolean has(Place place) {
    return mounts.containsValue(place);
  }

  /** Takes a frame; the connection's reader thread. */
  void frame(ByteBuffer frame) {
    guests.frame(frame);
  }

  /** Tells the peer what has changed, ahead of what is sent to it next. */
  void barrier() {
    try {
      guests.barrier();
    } catch (IOException e) {
      LOG.log(System.Logger.Level.WARNING, "changes of files are not told", e);
    }
  }

  /** Completes when all that the peer has asked for until now is done, or its daemon has gone. */
  CompletableFuture<?> afterChanges() {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    guests.afterChanges(() -> done.complete(true));
    return CompletableFuture.anyOf(done, gone);
  }

  /** This daemon ends; the next one serves them on. */
  void leave() {
    gone.complete(true);
  }
}
