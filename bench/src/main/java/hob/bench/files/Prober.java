package hob.bench.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import hob.bench.BenchContext;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.RawMemory;
import hob.linux.Sys;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;

/**
 * Takes the time of system calls on files; a program. Each line of input is a job, each of output
 * its result.
 *
 * <pre>
 *   stat FILE     nanoseconds, the median of many
 *   open FILE     of open, read of 4 KiB, close
 *   lookup DIR    of the first stat of each of DIR/0 ... DIR/999
 *   cached FILE   bytes per microsecond, read once before
 *   cold FILE     as above, with the page cache emptied before
 * </pre>
 */
final class Prober {
  private static final int ROUNDS = 20_000;
  private static final int NAMES = 1_000;
  private static final int PIECE = 1 << 20;
  private static final int DONTNEED = 4;
  private static final int FADVISE64 = 221;

  private final long path = Arena.global().allocate(4096).address();
  private final long buffer = Arena.global().allocate(PIECE, 4096).address();

  private Prober() {}

  public static void main(String[] args) throws IOException {
    Prober prober = new Prober();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    System.out.println("ready");
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] job = line.split(" ", 2);
      System.out.println("= " + prober.run(job[0], job[1]));
    }
  }

  private double run(String job, String file) {
    return switch (job) {
      case "stat" -> times(file, this::stat);
      case "open" -> times(file, this::openReadClose);
      case "lookup" -> lookups(file);
      case "cached" -> throughput(file, false);
      case "cold" -> throughput(file, true);
      default -> throw new IllegalArgumentException(job);
    };
  }

  private double times(String file, Runnable call) {
    RawMemory.string(path, file.getBytes(UTF_8));
    double[] nanos = new double[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      long start = System.nanoTime();
      call.run();
      nanos[i] = System.nanoTime() - start;
    }
    return BenchContext.median(nanos);
  }

  private void stat() {
    check(Sys.call(Nr.NEWFSTATAT, Fd.AT_FDCWD, path, buffer, 0));
  }

  private void openReadClose() {
    long fd = check(Sys.call(Nr.OPENAT, Fd.AT_FDCWD, path, 0, 0));
    check(Sys.call(Nr.READ, fd, buffer, 4096));
    Sys.call(Nr.CLOSE, fd);
  }

  private double lookups(String directory) {
    double[] nanos = new double[NAMES];
    for (int i = 0; i < NAMES; i++) {
      RawMemory.string(path, (directory + "/" + i).getBytes(UTF_8));
      long start = System.nanoTime();
      stat();
      nanos[i] = System.nanoTime() - start;
    }
    return BenchContext.median(nanos);
  }

  private double throughput(String file, boolean cold) {
    RawMemory.string(path, file.getBytes(UTF_8));
    long fd = check(Sys.call(Nr.OPENAT, Fd.AT_FDCWD, path, 0, 0));
    if (cold) {
      check(Sys.call(FADVISE64, fd, 0, 0, DONTNEED));
    } else {
      readAll(fd);
      Sys.call(Nr.LSEEK, fd, 0, 0);
    }
    long start = System.nanoTime();
    long bytes = readAll(fd);
    double micros = (System.nanoTime() - start) / 1e3;
    Sys.call(Nr.CLOSE, fd);
    return bytes / micros;
  }

  private long readAll(long fd) {
    long bytes = 0;
    for (long n = 1; n > 0; bytes += n) {
      n = check(Sys.call(Nr.READ, fd, buffer, PIECE));
    }
    return bytes;
  }

  private static long check(long r) {
    if (Sys.failed(r)) {
      throw new LinuxException("probe", hob.linux.Errno.of((int) -r));
    }
    return r;
  }
}
