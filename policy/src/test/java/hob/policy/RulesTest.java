package hob.policy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Which commands may leave their home. */
class RulesTest {
  private final Rules rules =
      new Rules(
          List.of("make", "sh", "dash", "parallel"),
          List.of("sudo", "/opt/*/bin/local-*"),
          List.of("true"),
          List.of("true", "echo"));

  private Verdict judge(String path, String starterFile, String starterName) {
    return rules.judge(new Command(path, "", new Command.Starter(starterFile, starterName), false));
  }

  @Test
  void whatADriverStartsIsOffered() {
    assertThat(judge("/usr/bin/gcc", "/usr/bin/make", "make")).isInstanceOf(Verdict.Go.class);
    assertThat(judge("gcc", "/bin/dash", "sh")).isInstanceOf(Verdict.Go.class);
  }

  @Test
  void aScriptIsADriverByItsOwnName() {
    assertThat(judge("gcc", "/usr/bin/perl", "parallel")).isInstanceOf(Verdict.Go.class);
    assertThat(judge("gcc", "/usr/bin/perl", "other")).isInstanceOf(Verdict.Stay.class);
  }

  @Test
  void aScriptForADriverIsOne() {
    Command script = new Command("./configure", "/bin/sh", new Command.Starter("sh", "sh"), false);
    assertThat(rules.judge(script)).isEqualTo(new Verdict.Stay("is a script for /bin/sh"));
  }

  @Test
  void driversAndBriefCommandsStay() {
    assertThat(judge("/bin/sh", "/usr/bin/make", "make"))
        .isEqualTo(new Verdict.Stay("is a driver"));
    assertThat(judge("/bin/echo", "/usr/bin/make", "make")).isEqualTo(new Verdict.Stay("is brief"));
  }

  @Test
  void theUsersWordGoesFirst() {
    assertThat(judge("/bin/true", "/usr/bin/make", "make")).isInstanceOf(Verdict.Go.class);
    assertThat(judge("/opt/x/bin/local-cc", "/usr/bin/make", "make"))
        .isEqualTo(new Verdict.Stay("is a program that stays"));
    assertThat(judge("/usr/bin/local-cc", "/usr/bin/make", "make")).isInstanceOf(Verdict.Go.class);
  }

  @Test
  void whatAStayingProgramStartsStays() {
    assertThat(judge("/usr/bin/gcc", "/usr/bin/sudo", "sudo")).isInstanceOf(Verdict.Stay.class);
    assertThat(judge("/usr/bin/as", "/usr/bin/gcc", "gcc"))
        .isEqualTo(new Verdict.Stay("is started by gcc, which is no driver"));
  }

  @Test
  void privilegedProgramsStay() {
    assertThat(rules.judge(new Command("true", "", new Command.Starter("/bin/sh", "sh"), true)))
        .isInstanceOf(Verdict.Stay.class);
  }
}
