package hob.cli;

import static hob.cli.Hob.hob;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every command has in common. */
class UsageTest {
  @Test
  void helpNamesEveryCommand() {
    Hob.Result help = hob("--help");

    assertThat(help.status()).isZero();
    assertThat(help.out())
        .contains("run ", "adopt ", "migrate ", "ps ", "hosts ", "log ", "testbed ", "demo ")
        .contains("bench ", "doctor ", "daemon ", "test ");
  }

  @ParameterizedTest
  @ValueSource(strings = {"adopt", "migrate", "abandon", "ps", "hosts", "log", "testbed", "doctor"})
  void everyCommandHasHelp(String command) {
    Hob.Result help = hob(command, "--help");

    assertThat(help.status()).isZero();
    assertThat(help.out()).startsWith("Usage: hob " + command);
    assertThat(help.err()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense",
        "--nonsense",
        "migrate",
        "migrate 1",
        "migrate x h2",
        "adopt",
        "log -n many",
        "ps extra",
        "testbed",
        "testbed nonsense",
        "testbed up --cpu fast",
        "testbed up --rate 1furlong",
        "testbed up --hosts 0",
        "testbed up --name No/Name",
        "testbed link h1"
      })
  void wrongUseIsOneLineAndStatus2(String words) {
    Hob.Result wrong = hob(words.split(" "));

    assertThat(wrong.status()).as(wrong.err()).isEqualTo(2);
    assertThat(wrong.err()).hasLineCount(1).startsWith("hob: ").contains("--help");
    assertThat(wrong.out()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ps", "hosts", "log", "adopt 1", "migrate 1 h2", "abandon 1"})
  void withoutADaemonCommandsSayHowToStartOne(String words) {
    List<String> line = List.of(words.split(" "));

    Hob.Result failed = hob(line.toArray(String[]::new));

    assertThat(failed.status()).isEqualTo(ExitStatus.UNREACHABLE.number());
    assertThat(failed.err())
        .hasLineCount(1)
        .startsWith("hob: no daemon runs here")
        .contains("hob daemon");
  }

  @Test
  void testbedThatIsNotUpIsAFailure() {
    Hob.Result failed = hob("testbed", "status", "--name", "t-nowhere");

    assertThat(failed)
        .isEqualTo(
            new Hob.Result(
                1,
                "",
                "hob: no testbed 't-nowhere' is up; start it with:"
                    + " hob testbed up --name t-nowhere\n"));
  }

  @Test
  void doctorTellsOfEachThingWhetherItWorks() {
    Hob.Result doctor = hob("doctor", "--json");

    assertThat(doctor.err()).isEmpty();
    assertThat(doctor.status()).isEqualTo(doctor.out().contains("\"state\":\"missing\"") ? 1 : 0);
    assertThat(doctor.out().lines())
        .hasSizeGreaterThan(30)
        .allMatch(line ->
            line.matches(
                "\\{\"what\":\".+\",\"state\":\"(ok|limited|missing)\","
                    + "\"purpose\":\".+\",\"detail\":\".+\",\"mend\":\".*\"}"))
        // Whatever is not right comes with a remedy.
        .noneMatch(line -> !line.contains("\"ok\"") && line.endsWith("\"mend\":\"\"}"));
  }

  @Test
  void versionNamesHobJavaAndLinux() {
    assertThat(hob("version").out())
        .startsWith("hob 0.")
        .contains("Java " + Runtime.version().feature(), "Linux");
  }

  @Test
  void environmentNamesTheTestbed() {
    Hob.Result failed =
        Hob.run(
            List.of("sh", "../libexec/hob-testbed-exec", "h1", "true"),
            Map.of("HOB_TESTBED", "t-none"));

    assertThat(failed.status()).isEqualTo(255);
    assertThat(failed.err()).hasLineCount(1).startsWith("hob: no testbed 't-none' is up");
  }
}
