package hob.daemon.files;

import hob.files.home.Credentials;
import hob.files.home.FileServer;
import hob.files.home.FrameSink;
import hob.files.home.Guests;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Collection;
import java.util.HashMap;
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

  private final Guests guests;
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

  GuestsThere(FileServer server, FrameSink sink) {
    guests = new Guests(server, sink);
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
    guests.invite(number, ROOT, user);
    Place made = new Place(number, RANDOM.nextLong());
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

  /** The peer's daemon has gone, and its mounts with it. */
  void close() {
    guests.close();
    gone.complete(true);
  }
}
