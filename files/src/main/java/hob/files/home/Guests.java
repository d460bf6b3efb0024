package hob.files.home;

import hob.files.frame.FileFrame;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/** The guests of one connection, by the numbers of their mounts. Any thread. */
public final class Guests implements AutoCloseable {
  private final FileServer server;
  private final FrameSink sink;
  private final Map<Integer, Guest> guests = new ConcurrentHashMap<>();

  public Guests(FileServer server, FrameSink sink) {
    this.server = server;
    this.sink = sink;
  }

  /**
   * Takes in a guest.
   *
   * @param mount its number, below 65536, chosen by its host
   * @throws IllegalArgumentException if the number is taken
   * @throws hob.linux.LinuxException ENOENT and kin if the root cannot be opened
   */
  public Guest invite(int mount, Path root, Credentials user) {
    return invite(mount, root, user, GuestState.none());
  }

  /** The same, of one that another program can serve on. */
  public Guest invite(int mount, Path root, Credentials user, GuestState state) {
    if (guests.containsKey(mount)) {
      throw new IllegalArgumentException("mount " + mount + " is in use");
    }
    Guest guest = server.invite(mount, root, user, sink, state);
    guests.put(mount, guest);
    return guest;
  }

  /** {@link FileServer#resume}. */
  public void resume(int mount, Credentials user, GuestState state) {
    guests.put(mount, server.resume(mount, user, sink, state));
  }

  /** Takes a frame from the guests' host; the connection's reader thread. */
  public void frame(ByteBuffer body) {
    body.order(ByteOrder.LITTLE_ENDIAN);
    if (body.remaining() >= FileFrame.HEAD_BYTES) {
      Guest guest = guests.get(body.getShort(body.position() + FileFrame.MOUNT) & 0xffff);
      if (guest != null) {
        guest.frame(body);
      }
    }
  }

  /**
   * {@link Guest#barrier} for all.
   *
   * @throws IOException if the connection has gone
   */
  public void barrier() throws IOException {
    for (Guest guest : guests.values()) {
      guest.barrier();
    }
  }

  /** {@link Guest#afterChanges}, when it holds for all. */
  public void afterChanges(Runnable action) {
    AtomicInteger left = new AtomicInteger(guests.size());
    if (left.get() == 0) {
      action.run();
      return;
    }
    for (Guest guest : guests.values()) {
      guest.afterChanges(() -> {
        if (left.decrementAndGet() == 0) {
          action.run();
        }
      });
    }
  }

  /** Ends one. */
  public void close(int mount) {
    Guest guest = guests.remove(mount);
    if (guest != null) {
      guest.close();
    }
  }

  /** Ends all: the connection has gone. */
  @Override
  public void close() {
    guests.keySet().forEach(this::close);
  }
}
