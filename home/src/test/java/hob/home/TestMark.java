package hob.home;

import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.PosixSpawn;
import hob.linux.ProcFs;
import hob.linux.Signals;
import hob.linux.Wait;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A variable in the environment of what a test starts, so that its children in whatever group and
 * session are found when the test ends. A shell that holds nothing of the tests waits for their
 * end, and ends what they have left when they were killed.
 */
final class TestMark implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final String RUN =
      "HOB_TEST=" + ProcessHandle.current().pid() + "-" + System.nanoTime() + "-";

  /** Twice, since what it ends may have started more meanwhile. */
  private static final String GUARD =
      """
      read -r nothing <"$1"
      rm -rf "${1%/*}"
      for time in 1 2; do
        for file in /proc/[0-9]*/environ; do
          if tr '\\0' '\\n' <"$file" | grep -q "^$2"; then
            pid=${file#/proc/}
            kill -KILL "${pid%/environ}"
          fi
        done
      done 2>/dev/null
      """;

  static {
    guard();
  }

  private final String mark = RUN + COUNT.incrementAndGet();

  private static void guard() {
    try {
      Path fifo = Files.createTempDirectory("hob-test-life").resolve("fifo");
      List<String> path = List.of("PATH=/usr/bin:/bin");
      Wait.of(PosixSpawn.spawn("/usr/bin/mkfifo", List.of("mkfifo", fifo.toString()), path));
      // Open until this program ends. Both ways, since opening only to write waits for a reader.
      Fd.open(fifo.toString(), Fd.O_RDWR);
      List<String> guard =
          List.of("sh", "-c", "exec >/dev/null 2>&1\n" + GUARD, "sh", fifo.toString(), RUN);
      PosixSpawn.spawn("/bin/sh", guard, path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What a marked process has as its environment. */
  List<String> environment(String... more) {
    List<String> all = new ArrayList<>(List.of("PATH=/usr/bin:/bin", mark));
    all.addAll(List.of(more));
    return all;
  }

  /** Ends all that has it. */
  @Override
  public void close() {
    for (int pid : ProcFs.numbers("/proc")) {
      if (isOn(pid)) {
        Signals.kill(pid, Signals.SIGKILL);
      }
    }
  }

  private boolean isOn(int pid) {
    try {
      String environment =
          new String(ProcFs.read("/proc/" + pid + "/environ"), StandardCharsets.UTF_8);
      return List.of(environment.split("\0")).contains(mark);
    } catch (LinuxException _) {
      // It ended meanwhile, or is one of the kernel's.
      return false;
    }
  }
}
