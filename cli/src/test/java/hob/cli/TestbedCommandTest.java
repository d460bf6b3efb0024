package hob.cli;

import static hob.cli.Hob.hob;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import hob.testbed.Testbed;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** {@code hob testbed}, as a user types it. */
class TestbedCommandTest {
  private static final String NAME = "t" + ProcessHandle.current().pid() + "-cli";

  @BeforeAll
  static void up() throws Exception {
    assumeTrue(Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs root");

    Hob.Result up =
        hob(
            "testbed",
            "up",
            "--name",
            NAME,
            "--hosts",
            "2",
            "--cpu",
            "0.5",
            "--rate",
            "100mbit",
            "--no-daemon");

    assertThat(up.err()).isEmpty();
    assertThat(up.out()).startsWith("testbed " + NAME + " is up in ").endsWith(": h1 h2\n");
  }

  @AfterAll
  static void down() {
    Testbed.down(NAME);
  }

  /** As the launcher does it. */
  private static Hob.Result exec(String... words) {
    List<String> line = new ArrayList<>(List.of("../libexec/hob-testbed-exec"));
    line.addAll(List.of(words));
    return Hob.run(line, Map.of("HOB_ROOT", "/somewhere"));
  }

  @Test
  void statusListsTheHosts() {
    assertThat(hob("testbed", "status", "--name", NAME).out().lines())
        .hasSize(3)
        .first()
        .asString()
        .startsWith("TESTBED")
        .contains("HOST", "ADDRESS", "CPU", "RATE", "LINK", "DAEMON");
    assertThat(hob("testbed", "status", "--name", NAME, "--json").out().lines())
        .hasSize(2)
        .allMatch(line -> line.startsWith("{\"testbed\":\"" + NAME + "\",\"host\":\"h"))
        .allMatch(line -> line.contains("\"cpu\":\"0.5\",\"rate\":\"100mbit\",\"link\":\"up\""));
  }

  @Test
  void execPassesStatusAndStreams() {
    assertThat(exec("--name", NAME, "h2", "--", "sh", "-c", "hostname; echo bad >&2; exit 9"))
        .isEqualTo(new Hob.Result(9, "h2\n", "bad\n"));
    assertThat(exec("--name=" + NAME, "h1", "echo", "--name", "x").out()).isEqualTo("--name x\n");
  }

  @Test
  void execLeavesNoTraceOfTheLauncherInTheEnvironment() {
    assertThat(exec("--name", NAME, "h1", "env").out()).doesNotContain("HOB_ROOT");
  }

  @Test
  void execWorksWithoutTheLauncherToo() {
    assertThat(hob("testbed", "exec", "--name", NAME, "h1", "--", "sh", "-c", "exit 4").status())
        .isEqualTo(4);
  }

  @Test
  void execOfNothingIsWrongUse() {
    assertThat(exec("--name", NAME).status()).isEqualTo(2);
    assertThat(exec("--nonsense").err()).startsWith("hob: unknown option").hasLineCount(1);
    assertThat(exec("--help").out()).startsWith("Usage: hob testbed exec");
  }

  @Test
  void linkCanBeCutMendedAndSlowed() {
    assertThat(hob("testbed", "link", "--name", NAME, "h2", "cut").status()).isZero();
    assertThat(Testbed.attach(NAME).host("h2").linkUp()).isFalse();
    assertThat(hob("testbed", "link", "--name", NAME, "h2", "up").status()).isZero();
    assertThat(hob("testbed", "link", "--name", NAME, "h2", "10mbit").status()).isZero();
    assertThat(Testbed.attach(NAME).host("h2").rate()).hasToString("10mbit");
    assertThat(hob("testbed", "link", "--name", NAME, "h7", "cut").err())
        .isEqualTo("hob: testbed '" + NAME + "' has no host 'h7'; it has [h1, h2]\n");
    assertThat(hob("testbed", "link", "--name", NAME, "h2", "100mbit").status()).isZero();
  }

  @Test
  void secondUpIsRefused() {
    Hob.Result again = hob("testbed", "up", "--name", NAME, "--no-daemon");

    assertThat(again.status()).isEqualTo(1);
    assertThat(again.err()).hasLineCount(1).contains("is up already");
  }

  @Test
  void downSaysWhatItDid() {
    String other = NAME + "2";
    hob("testbed", "up", "--name", other, "--hosts", "1", "--no-daemon");
    try {
      assertThat(hob("testbed", "down", "--name", other).out())
          .isEqualTo("testbed " + other + " is down\n");
      assertThat(hob("testbed", "down", "--name", other).out())
          .isEqualTo("testbed " + other + ": there was nothing to remove\n");
    } finally {
      Testbed.down(other);
    }
  }
}
