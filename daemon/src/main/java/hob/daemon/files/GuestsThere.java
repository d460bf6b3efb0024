package hob.daemon.files;

import hob.files.home.Credentials;
import hob.files.home.FileServer;
import hob.files.home.FrameSink;
import hob.files.home.Guests;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
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

  private final Guests guests;
  private final CompletableFuture<Boolean> gone = new CompletableFuture<>();
  // Guarded by this.
  private final Map<Credentials, Integer> mounts = new HashMap<>();

  GuestsThere(FileServer server, FrameSink sink) {
    guests = new Guests(server, sink);
  }

  /**
   * The number of a user's mount.
   *
   * @throws hob.linux.LinuxException when this host's files cannot be served
   */
  synchronized int mount(Credentials user) {
    Integer known = mounts.get(user);
    if (known != null) {
      return known;
    }
    int number = mounts.size() + 1;
    guests.invite(number, ROOT, user);
    mounts.put(user, number);
    return number;
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
