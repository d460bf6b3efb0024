package hob.home;

import static org.assertj.core.api.Assertions.assertThat;

import hob.image.TreeWalk;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.linux.Signals;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which pipes of a tree are its own. */
class SharedPipesTest {
  private int shell;

  @BeforeEach
  void startPipelineThatForksWithoutPause() {
    try (Fd nothing = Fd.open("/dev/null", Fd.O_RDWR)) {
      shell = Children.start("while :; do (:); done | sleep 1000", nothing, nothing);
    }
    Awaitility.await()
        .atMost(10, TimeUnit.SECONDS)
        .until(() -> tree().stream().anyMatch(pid -> name(pid).equals("sleep")));
  }

  @AfterEach
  void end() {
    List<Integer> all = tree();
    all.subList(1, all.size()).forEach(pid -> Signals.kill(pid, Signals.SIGKILL));
    Children.end(shell);
  }

  @Test
  void pipeOfTreeThatForksMeanwhileIsItsOwn() {
    for (int i = 0; i < 50; i++) {
      SharedPipes.Found found = SharedPipes.of(new TreeWalk(shell));
      assertThat(found.shared()).isEmpty();
      assertThat(found.read()).hasSize(1);
    }
  }

  @Test
  void pipeThatAnotherHoldsIsShared() {
    int sleep = tree().stream().filter(pid -> name(pid).equals("sleep")).findFirst().orElseThrow();
    SharedPipes.Found found = SharedPipes.of(new TreeWalk(sleep));
    assertThat(found.shared()).hasSize(1);
    assertThat(found.read()).as("its writers cannot read it").isEqualTo(found.shared());
  }

  @Test
  void pipeThatAnotherMayReadIsNotReadByTheTreeAlone() {
    int writer = tree().get(1);
    SharedPipes.Found found = SharedPipes.of(new TreeWalk(writer));
    assertThat(found.shared()).hasSize(1);
    assertThat(found.read()).isEmpty();
  }

  private List<Integer> tree() {
    return new TreeWalk(shell).get();
  }

  private static String name(int pid) {
    try {
      return ProcFs.text("/proc/" + pid + "/comm").strip();
    } catch (LinuxException e) {
      return "ended";
    }
  }
}
