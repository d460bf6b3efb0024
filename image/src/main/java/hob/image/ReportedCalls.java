package hob.image;

import hob.linux.Fd;
import hob.linux.SeccompListener;
import hob.linux.SeccompListener.Notification;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * The calls that a session's filter reports. The kernel tells each to one receiver, once: if that
 * one dies with it, its caller waits for ever. So the kernel writes each call into memory that the
 * {@link Keeper} has too, and there it stays until it is answered. By offset, in hexadecimal:
 *
 * <pre>
 *   0  struct seccomp_notif of the call that was received last
 *  60  struct seccomp_notif_resp, of the keeper
 *  80  struct pollfd, of the keeper
 * 100  ids of calls without an answer; 0 for none
 * </pre>
 *
 * <p>One thread receives; any thread answers.
 */
public final class ReportedCalls implements AutoCloseable {
  static final int BYTES = 4096;
  private static final int OPEN = 0x100;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private final SeccompListener listener;
  private final Fd file;

  /** The table of open calls is guarded by this. */
  private final MemorySegment memory;

  /** Takes charge of a listener. */
  public ReportedCalls(SeccompListener listener) {
    this.listener = listener;
    this.file = Fd.memfd("hob-calls", 0);
    try {
      file.truncate(BYTES);
      memory = map(file);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static MemorySegment map(Fd file) {
    try (FileChannel c =
        FileChannel.open(Path.of(file.path()), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return c.map(FileChannel.MapMode.READ_WRITE, 0, BYTES, Arena.ofAuto());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Carries out all calls that whoever received them has not answered, and never will. */
  static void proceedAll(SeccompListener listener, Fd file) {
    MemorySegment memory = map(file);
    listener.proceed(memory.get(LONG, 0));
    for (int at = OPEN; at < BYTES; at += Long.BYTES) {
      long id = memory.get(LONG, at);
      if (id != 0) {
        listener.proceed(id);
      }
    }
  }

  Fd listenerFile() {
    return listener.fd();
  }

  Fd file() {
    return file;
  }

  /** Waits for a call. False: none came, since the session is {@link #over}. */
  public boolean await() {
    return listener.await(-1);
  }

  /** Whether no process has the filter any more. */
  public boolean over() {
    return listener.over();
  }

  /**
   * The next call; empty when its caller died meanwhile, or when so many wait for an answer that it
   * is not asked about. Blocks unless {@link #await} said that one is there.
   */
  public Optional<Notification> receive() {
    Optional<Notification> call = listener.receive(memory);
    if (call.isPresent() && !open(call.get().id())) {
      listener.proceed(call.get().id());
      return Optional.empty();
    }
    return call;
  }

  private synchronized boolean open(long id) {
    return replace(0, id);
  }

  private boolean replace(long old, long fresh) {
    for (int at = OPEN; at < BYTES; at += Long.BYTES) {
      if (memory.get(LONG, at) == old) {
        memory.set(LONG, at, fresh);
        return true;
      }
    }
    return false;
  }

  /** Lets the call be carried out by the kernel, if its caller is still there. */
  public void proceed(long id) {
    listener.proceed(id);
    synchronized (this) {
      replace(id, 0);
    }
  }

  /** Whether the caller still waits, see {@link SeccompListener#valid}. */
  public boolean valid(long id) {
    return listener.valid(id);
  }

  @Override
  public void close() {
    listener.close();
    file.close();
  }
}
