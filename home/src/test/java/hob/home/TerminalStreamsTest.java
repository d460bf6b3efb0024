package hob.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.Poller;
import hob.linux.PosixSpawn;
import hob.linux.ProcFs;
import hob.linux.Terminal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Terminals that lead out of a tree. */
@Timeout(60)
class TerminalStreamsTest {
  private final StreamJourney journey = new StreamJourney();
  private final Fd master = Terminal.master("/dev/pts", Fd.O_NONBLOCK);
  private final Fd real = Terminal.slave(master, Fd.O_RDWR);
  private final List<Integer> children = new ArrayList<>();
  private final TestMark mark = new TestMark();

  @TempDir private Path directory;

  @AfterEach
  void end() {
    children.forEach(Children::end);
    journey.close();
    mark.close();
    Fd.closeAll(master, real);
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofSeconds(10));
  }

  private static byte[] text(String s) {
    return s.getBytes(StandardCharsets.UTF_8);
  }

  /** What the person at the terminal sees. */
  private String screen() {
    StringBuilder b = new StringBuilder();
    for (byte[] some = seen(); some.length > 0; some = seen()) {
      b.append(new String(some, StandardCharsets.UTF_8));
    }
    return b.toString();
  }

  private byte[] seen() {
    return (master.poll(Poller.IN, 200) & Poller.IN) == 0 ? new byte[0] : master.readSome(4096);
  }

  private Fd abroad() {
    return journey.abroad(List.of(real.dup())).getFirst();
  }

  /** A foreign process with the terminal as its three standard descriptors. */
  private int run(Fd terminal, String command) {
    int pid = Children.start("exec " + command, terminal, terminal);
    children.add(pid);
    journey.processes(List.of(pid));
    return pid;
  }

  private Path script(String text) throws Exception {
    Path p = directory.resolve("script");
    Files.writeString(p, text);
    return p;
  }

  @Test
  void itIsATerminalOfTheSameSizeAndSettings() {
    Terminal.setWindow(real, new byte[] {50, 0, (byte) 132, 0, 0, 0, 0, 0});
    byte[] settings = Terminal.settings(real);
    Fd there = abroad();
    run(there, "sh -c 'test -t 0 && test -t 1 && stty size; sleep 1000'");
    soon().untilAsserted(() -> assertThat(screen()).isEqualTo("50 132\r\n"));
    byte[] seen = Terminal.settings(there);
    int flags = Terminal.localFlags(seen) & ~Terminal.EXTPROC;
    assertThat(Terminal.withLocalFlags(seen, flags)).isEqualTo(settings);
  }

  @Test
  void outputIsProcessedOnce() {
    Fd there = abroad();
    there.writeAll(text("one\ntwo\r\n10%\r20%\r"));
    soon().untilAsserted(() -> assertThat(screen()).isEqualTo("one\r\ntwo\r\r\n10%\r20%\r"));
    byte[] raw = Terminal.settings(there);
    raw[4] &= (byte) ~Terminal.OPOST;
    Terminal.setSettings(there, raw);
    there.writeAll(text("a\nb\r\n"));
    assertThat(screen()).isEqualTo("a\nb\r\n");
  }

  @Test
  void settingsReachHomeAndComeBackFromThere() {
    Fd there = abroad();
    byte[] quiet = Terminal.settings(there);
    quiet = Terminal.withLocalFlags(quiet, Terminal.localFlags(quiet) & ~Terminal.ECHO);
    Terminal.setSettings(there, quiet);
    soon().until(() -> (Terminal.localFlags(Terminal.settings(real)) & Terminal.ECHO) == 0);
    assertThat(Terminal.localFlags(Terminal.settings(real)) & Terminal.EXTPROC).isZero();
    byte[] loud = Terminal.settings(real);
    loud = Terminal.withLocalFlags(loud, Terminal.localFlags(loud) | Terminal.ECHO);
    Terminal.setSettings(real, loud);
    soon().until(() -> (Terminal.localFlags(Terminal.settings(there)) & Terminal.ECHO) != 0);
    Terminal.setWindow(real, new byte[] {7, 0, 8, 0, 0, 0, 0, 0});
    soon().until(() -> Terminal.window(there)[0] == 7);
    Terminal.setWindow(there, new byte[] {9, 0, 8, 0, 0, 0, 0, 0});
    soon().until(() -> Terminal.window(real)[0] == 9);
  }

  @Test
  void settingsWithoutExtprocDoNotSwitchTheLocalEchoOn() {
    Fd there = abroad();
    byte[] saved = Terminal.settings(real);
    Terminal.setSettings(there, saved);
    soon().until(() -> (Terminal.localFlags(Terminal.settings(there)) & Terminal.EXTPROC) != 0);
  }

  @Test
  void inputGoesToWhoWaitsLineByLine() {
    Fd there = abroad();
    master.writeAll(text("first\nsecond\nthird\n"));
    run(there, "sh -c 'read a; read b; echo \"<$a $b>\"; sleep 1000'");
    StringBuilder seen = new StringBuilder();
    soon().until(() -> seen.append(screen()).toString().contains("<first second>"));
    // The third line is the shell's at home.
    assertThat(new String(real.readSome(100), StandardCharsets.UTF_8)).isEqualTo("third\n");
  }

  @Test
  void nobodyWaitsSoNothingIsTaken() {
    Fd there = abroad();
    run(there, "sleep 1000");
    master.writeAll(text("for the shell\n"));
    await()
        .during(Duration.ofMillis(300))
        .atMost(Duration.ofSeconds(5))
        .until(() -> Terminal.pending(real) == 14);
  }

  @Test
  void endOfFileIsReadOnce() {
    Fd there = abroad();
    run(there, "sh -c 'cat; echo end; read a; echo \"[$a]\"; sleep 1000'");
    StringBuilder seen = new StringBuilder();
    int pid = children.getFirst();
    // The reader is the shell's child.
    journey.processes(List.of());
    soon().until(() -> !ProcFs.text("/proc/" + pid + "/task/" + pid + "/children").isBlank());
    int cat = Integer.parseInt(ProcFs.text("/proc/" + pid + "/task/" + pid + "/children").trim());
    journey.processes(List.of(pid, cat));
    master.writeAll(text("x\n\004y\n"));
    soon().until(() -> seen.append(screen()).toString().contains("[y]"));
    assertThat(seen.toString()).contains("x\r\nend\r\n");
  }

  @Test
  void rawModeReadersGetKeysAtOnce() throws Exception {
    Fd there = abroad();
    Path p =
        script(
            """
            import tty, os, time
            tty.setraw(0)
            k = b''
            while k != b'q':
                k = os.read(0, 100)
                os.write(1, b'<' + k + b'>')
            time.sleep(1000)
            """);
    run(there, "/usr/bin/env python3 " + p);
    soon().until(() -> (Terminal.localFlags(Terminal.settings(real)) & Terminal.ICANON) == 0);
    StringBuilder seen = new StringBuilder();
    master.writeAll(text("a"));
    soon().until(() -> seen.append(screen()).toString().equals("<a>"));
    master.writeAll(new byte[] {3});
    soon().until(() -> seen.append(screen()).toString().equals("<a><\003>"));
    master.writeAll(text("q"));
    soon().until(() -> seen.append(screen()).toString().equals("<a><\003><q>"));
  }

  @Test
  void aJobInTheBackgroundGetsNoInput() throws Exception {
    // A session at home whose foreground group is another than the job's.
    Path told = directory.resolve("foreground");
    Path p =
        script(
            """
            import os, signal, sys, time
            fd = os.open(sys.argv[1], os.O_RDWR)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            job = os.fork()
            if job == 0:
                time.sleep(1000)
            os.setpgid(job, job)
            open(sys.argv[2] + '~', 'w').write(str(job))
            os.rename(sys.argv[2] + '~', sys.argv[2])
            signal.sigwait([signal.SIGUSR1])
            os.tcsetpgrp(fd, job)
            time.sleep(1000)
            """);
    int shell =
        PosixSpawn.spawn(
            "/usr/bin/env",
            List.of(
                "env",
                "python3",
                "-c",
                "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]);\n"
                    + Files.readString(p),
                "/dev/pts/" + Terminal.number(master),
                told.toString()),
            mark.environment());
    children.add(shell);
    soon().until(() -> Files.exists(told));
    int job = Integer.parseInt(Files.readString(told));
    Fd there = abroad();
    journey.wantedBy(job);
    run(there, "sh -c 'read a; echo \"<$a>\"; sleep 1000'");
    master.writeAll(text("line\n"));
    await()
        .during(Duration.ofMillis(300))
        .atMost(Duration.ofSeconds(5))
        .until(() -> Terminal.pending(real) == 5);
    hob.linux.Signals.kill(shell, 10);
    StringBuilder seen = new StringBuilder();
    soon().until(() -> seen.append(screen()).toString().contains("<line>"));
    hob.linux.Signals.kill(job, hob.linux.Signals.SIGKILL);
  }

  @Test
  void itMovesOnAndHomeWithItsUnreadLine() throws Exception {
    Fd there = abroad();
    Path p =
        script(
            """
            import os, select
            select.select([0], [], [])
            os.write(1, os.read(0, 2))
            """);
    run(there, "/usr/bin/env python3 " + p);
    master.writeAll(text("abcdef\n"));
    StringBuilder seen = new StringBuilder();
    soon().until(() -> seen.append(screen()).toString().endsWith("ab"));
    journey.processes(List.of());
    Fd next = journey.abroad(List.of(there)).getFirst();
    assertThat(new String(StreamJourney.read(next, 2), StandardCharsets.UTF_8)).isEqualTo("cd");
    next.writeAll(text("+\n"));
    soon().until(() -> seen.append(screen()).toString().endsWith("+\r\n"));
    Fd back = journey.home(List.of(next)).getFirst();
    assertThat(FileStat.of(back.path())).isEqualTo(FileStat.of(real.path()));
    assertThat(new String(StreamJourney.read(back, 3), StandardCharsets.UTF_8)).isEqualTo("ef\n");
    back.close();
  }

  @Test
  void hangingUpHangsUpThere() {
    Fd there = abroad();
    master.close();
    soon().until(() -> (there.poll(Poller.IN, 0) & Poller.HUP) != 0);
  }
}
