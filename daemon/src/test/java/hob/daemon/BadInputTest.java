package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import hob.cli.DaemonException;
import hob.cli.ExitStatus;
import hob.testbed.Completed;
import hob.wire.tls.CertificateAuthority;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Commands that ask for what cannot be: each says why in one line, ends with a status of its own,
 * and changes nothing.
 */
final class BadInputTest {
  private static final String USER = "1000";
  private static final String OTHER = "1001";
  private static final Path HOB =
      Path.of(System.getProperty("hob.root", "..")).toAbsolutePath().normalize().resolve("hob");
  @RegisterExtension private static final BedOfClass BED = new BedOfClass("badinput");

  @TempDir Path directory = Path.of("");

  private static Bed bed() {
    return BED.bed();
  }

  private static List<String> as(String uid) {
    return List.of("setpriv", "--reuid=" + uid, "--regid=" + uid, "--clear-groups");
  }

  private int sleeper(String uid) {
    List<String> command = new ArrayList<>(as(uid));
    command.addAll(List.of("sleep", "1000"));
    return bed().host("h1").spawn(command, directory.resolve("out"));
  }

  private static Completed hob(String uid, Object... words) {
    List<String> command = new ArrayList<>(as(uid));
    command.addAll(List.of("env", "HOB_NO_BUILD=1", HOB.toString()));
    for (Object w : words) {
      command.add(w.toString());
    }
    return bed().host("h1").run(command.toArray(String[]::new));
  }

  private static void refused(ExitStatus status, String why, String uid, Object... words) {
    Completed c = hob(uid, words);
    assertThat(c.error()).as("%s", List.of(words)).startsWith("hob: ").contains(why);
    assertThat(c.error().strip()).doesNotContain("\n");
    assertThat(c.output()).isEmpty();
    assertThat(c.status()).as(c.error()).isEqualTo(status.number());
  }

  private static void assertRunsAt(int pid, String host) throws DaemonException {
    if (host.equals("h1")) {
      // At home, and no shadow of itself.
      assertThat(bed().host("h1").run("cat", "/proc/" + pid + "/maps").output().lines().count())
          .isGreaterThan(9);
    } else {
      assertThat(hob("0", "ps").output()).containsPattern(pid + " .*" + host);
    }
  }

  @Test
  void pidThatIsNone() {
    for (Object verb : List.of("adopt", "abandon")) {
      refused(ExitStatus.NO_PROCESS, "no process 4000000", USER, verb, 4_000_000);
      refused(ExitStatus.NO_PROCESS, "is no pid", USER, verb, 0);
      refused(ExitStatus.USAGE, "'abc' is not an int", USER, verb, "abc");
    }
    refused(ExitStatus.NO_PROCESS, "no process 4000000", USER, "migrate", 4_000_000, "h2");
    refused(ExitStatus.NO_PROCESS, "no process 4000000", USER, "migrate", "--check", 4000000, "h2");
    refused(ExitStatus.NO_PROCESS, "is no pid", "0", "migrate", -5, "h2");
    refused(ExitStatus.USAGE, "'abc' is not an int", USER, "migrate", "abc", "h2");
    refused(ExitStatus.USAGE, "Missing required parameter", USER, "migrate", 1);
  }

  @Test
  void initStays() {
    for (String uid : List.of("0", USER)) {
      refused(ExitStatus.CANNOT_MOVE, "init process", uid, "migrate", 1, "h2");
      refused(ExitStatus.CANNOT_MOVE, "init process", uid, "adopt", 1);
      refused(ExitStatus.CANNOT_MOVE, "init process", uid, "abandon", 1);
    }
  }

  /**
   * The hosts of a testbed see no threads of the kernel, so this asks a daemon of the machine
   * itself. Pid 2 is kthreadd, the parent of all others.
   */
  @Test
  void threadOfTheKernelStays() throws Exception {
    assumeThat(Path.of("/proc/2/comm")).content().isEqualTo("kthreadd\n");
    CertificateAuthority.create().issue("machine").save(directory.resolve("tls"));
    Path config = directory.resolve("hobd.conf");
    Path socket = directory.resolve("hobd.sock");
    Files.writeString(
        config,
        """
        host { name = machine, listen = "127.0.0.1:0", peers = [ { name = h2, address = "127.0.0.1:1" } ] }
        tls.dir = "%1$s/tls"
        state.dir = "%1$s/state"
        run.dir = "%1$s/run"
        control.socket = "%2$s"
        warm-up = false
        """
            .formatted(directory, socket));
    try (Hobd _ = Hobd.start(DaemonConfig.load(config))) {
      String line = "hob: pid 2 is [kthreadd], a thread of the kernel, and stays there\n";
      for (List<String> words :
          List.of(
              List.of("migrate", "2", "h2"),
              List.of("migrate", "--check", "2", "h2"),
              List.of("adopt", "2"))) {
        List<String> command = new ArrayList<>(List.of(HOB.toString()));
        command.addAll(words);
        ProcessBuilder b = new ProcessBuilder(command).redirectErrorStream(true);
        b.environment().putAll(Map.of("HOB_SOCKET", socket.toString(), "HOB_NO_BUILD", "1"));
        Process p = b.start();
        assertThat(new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
            .isEqualTo(line);
        assertThat(p.waitFor()).isEqualTo(ExitStatus.CANNOT_MOVE.number());
      }
    }
  }

  @Test
  void anotherUsersProcess() throws DaemonException {
    assumeThat(Files.isExecutable(HOB)).isTrue();
    int roots = sleeper("0");
    int others = sleeper(OTHER);
    for (int pid : List.of(roots, others)) {
      refused(ExitStatus.NOT_PERMITTED, "another user", USER, "migrate", pid, "h2");
      refused(ExitStatus.NOT_PERMITTED, "another user", USER, "migrate", "--check", pid, "h2");
      refused(ExitStatus.NOT_PERMITTED, "another user", USER, "adopt", pid);
      refused(ExitStatus.NOT_PERMITTED, "another user", USER, "abandon", pid);
      assertRunsAt(pid, "h1");
    }
    assertThat(hob(OTHER, "migrate", others, "h2").status()).isZero();
    refused(ExitStatus.NOT_PERMITTED, "another user", USER, "migrate", others, "h3");
    refused(ExitStatus.NOT_PERMITTED, "another user", USER, "abandon", others);
    assertRunsAt(others, "h2");
    assertThat(hob("0", "migrate", others, "home").status()).isZero();
    bed().host("h1").run("kill", Integer.toString(roots), Integer.toString(others));
  }

  @Test
  void processWithMoreThanItsUsersRights() {
    List<String> setuid = List.of("setpriv", "--ruid=" + USER, "--clear-groups", "sleep", "1000");
    int pid = bed().host("h1").spawn(setuid, directory.resolve("out"));
    refused(ExitStatus.NOT_PERMITTED, "another user", USER, "migrate", pid, "h2");
    List<String> child = new ArrayList<>(List.of("sh", "-c", "sleep 1000 & exec \"$@\"", "sh"));
    child.addAll(as(USER));
    child.addAll(List.of("sleep", "1000"));
    int parent = bed().host("h1").spawn(child, directory.resolve("out2"));
    int kid = bed().childOf("h1", parent);
    refused(ExitStatus.NOT_PERMITTED, "pid " + kid, USER, "migrate", parent, "h2");
    bed()
        .host("h1")
        .run("kill", Integer.toString(pid), Integer.toString(kid), Integer.toString(parent));
  }

  @Test
  void hostThatIsNone() throws DaemonException {
    int pid = sleeper(USER);
    refused(ExitStatus.UNKNOWN_HOST, "'h9'; there are h1, h2, h3", USER, "migrate", pid, "h9");
    refused(ExitStatus.UNKNOWN_HOST, "''", USER, "migrate", pid, "");
    refused(ExitStatus.POINTLESS, "on h1 already", USER, "migrate", pid, "home");
    refused(ExitStatus.POINTLESS, "on h1 already", USER, "migrate", "--check", pid, "h1");
    refused(ExitStatus.POINTLESS, "nothing to give up", USER, "abandon", pid);
    refused(ExitStatus.NO_PROCESS, "of h9", USER, "migrate", "--home", "h9", pid, "h2");
    refused(ExitStatus.FAILED, "no strategy", USER, "migrate", "--strategy", "magic", pid, "h2");
    assertRunsAt(pid, "h1");
    assertThat(hob(USER, "migrate", pid, "h2").status()).isZero();
    refused(ExitStatus.POINTLESS, "on h2 already", USER, "migrate", pid, "h2");
    bed().host("h3").killDaemonAndHold();
    try {
      refused(ExitStatus.UNREACHABLE, "h3 cannot be reached", USER, "migrate", pid, "h3");
      assertRunsAt(pid, "h2");
    } finally {
      bed().host("h3").startDaemon();
    }
    bed().awaitPeers();
    assertThat(hob(USER, "migrate", pid, "home").status()).isZero();
    bed().host("h1").run("kill", Integer.toString(pid));
  }

  @Test
  void runOfNothing() {
    assertThat(hob(USER, "run").status()).isEqualTo(2);
    assertThat(hob(USER, "run", "--on").status()).isEqualTo(2);
    assertThat(hob(USER, "run", "no-such-command").status()).isEqualTo(127);
    Completed c = hob(USER, "run", "--on", "h9", "sh", "-c", "echo ran");
    assertThat(c.status()).isEqualTo(125);
    assertThat(c.output()).isEmpty();
    assertThat(c.error()).startsWith("hob: ").contains("h9");
  }
}
