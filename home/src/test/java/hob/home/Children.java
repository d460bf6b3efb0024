package hob.home;

import hob.linux.Fd;
import hob.linux.PosixSpawn;
import hob.linux.Signals;
import hob.linux.Wait;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** Children of the test that have given descriptors. */
final class Children {
  private static final TestMark MARK = new TestMark();

  private Children() {}

  /** Runs a shell command with these as standard input and output; in a session of its own. */
  static int start(String command, Fd in, Fd out) {
    long self = ProcessHandle.current().pid();
    // Opened anew, so they are other descriptions: only the file matters here.
    int pid =
        PosixSpawn.spawn(
            "/bin/sh",
            List.of(
                "sh",
                "-c",
                "exec </proc/"
                    + self
                    + "/fd/"
                    + in.number()
                    + " >/proc/"
                    + self
                    + "/fd/"
                    + out.number()
                    + " 2>&1; "
                    + command),
            MARK.environment("LC_ALL=C"));
    Awaitility.await()
        .atMost(10, TimeUnit.SECONDS)
        .until(() -> has(pid, in, 0) && has(pid, out, 1));
    return pid;
  }

  private static boolean has(int pid, Fd fd, int number) {
    return Fd.readlink("/proc/" + pid + "/fd/" + number).equals(Fd.readlink(fd.path()));
  }

  static void end(int pid) {
    Signals.kill(pid, Signals.SIGKILL);
    Wait.of(pid);
  }
}
