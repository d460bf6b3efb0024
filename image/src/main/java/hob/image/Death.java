package hob.image;

import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.ProcFs;
import hob.linux.ProcessMemory;
import hob.linux.Signals;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;

/**
 * How a shadow dies of the signal that its process died of. The kernel says that there is a core
 * only of who has written one, so the shadow of such a process writes its own, which is thrown
 * away, where the core's name is relative to the working directory; elsewhere it would take the
 * place of the real one, and the flag is not set. Only the tracer's thread.
 */
final class Death {
  private static final int RLIMIT_CORE = 4;
  private static final int CORE = 0x80;
  private static final int SIGNAL = 0x7f;
  private static final long ENOUGH = 1 << 20;
  private static final String CORE_PATTERN = "/proc/sys/kernel/core_pattern";

  private Death() {}

  /**
   * Ends it.
   *
   * @param v a shadow that stands still
   * @param status as of {@code wait(2)}
   */
  static void die(Vessel v, int status) {
    if ((status & SIGNAL) == 0) {
      v.end(status);
      return;
    }
    if ((status & SIGNAL) == Signals.SIGTRAP) {
      // It has a handler, for a daemon that dies; see Shadow.survive.
      v.must("rt_sigaction", Nr.RT_SIGACTION, Signals.SIGTRAP, v.put(0, new byte[32]), 0, 8);
    }
    if ((status & CORE) == 0 || !relative()) {
      limitCore(v, 0);
      v.end(status);
      return;
    }
    Path waste;
    try {
      waste = Files.createTempDirectory("hob-core");
      Files.setPosixFilePermissions(waste, PosixFilePermissions.fromString("rwxrwxrwx"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try {
      limitCore(v, goes(v, waste) ? ENOUGH : 0);
      v.end(status);
    } finally {
      delete(waste);
    }
  }

  private static boolean relative() {
    String pattern = ProcFs.text(CORE_PATTERN);
    return !pattern.startsWith("/") && !pattern.startsWith("|");
  }

  /** Changes its working directory. */
  private static boolean goes(Vessel v, Path directory) {
    try {
      v.must("chdir", Nr.CHDIR, v.put(0, directory.toString()));
      return true;
    } catch (LinuxException _) {
      // It has another root, or may not go there.
      return false;
    }
  }

  /** Bytes at most; the hard limit stays, and nothing changes when it is lower. */
  private static void limitCore(Vessel v, long bytes) {
    long at = v.put(0, Bytes.longs(0, 0));
    v.must("prlimit64", Nr.PRLIMIT64, 0, RLIMIT_CORE, 0, at);
    long hard = Bytes.of(ProcessMemory.read(v.tid(), at, 16)).getLong(8);
    if (Long.compareUnsigned(hard, bytes) >= 0) {
      v.must("prlimit64", Nr.PRLIMIT64, 0, RLIMIT_CORE, v.put(0, Bytes.longs(bytes, hard)), 0);
    }
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
