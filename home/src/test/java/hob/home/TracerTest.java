package hob.home;

import static org.assertj.core.api.Assertions.assertThat;

import hob.image.Tracer;
import hob.linux.Signals;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A tracer hears of work whatever befalls its bell. */
class TracerTest {
  @Test
  @Timeout(20)
  void worksOnWhenItsBellIsKilled() {
    Set<Long> before = children();
    try (Tracer tracer = new Tracer("test")) {
      assertThat(tracer.<Integer>call(() -> 1)).isEqualTo(1);
      for (int i = 0; i < 20; i++) {
        Set<Long> bell = new HashSet<>(children());
        bell.removeAll(before);
        bell.forEach(pid -> Signals.kill(pid.intValue(), Signals.SIGKILL));
        assertThat(tracer.<Integer>call(() -> 2)).isEqualTo(2);
      }
    }
  }

  @Test
  @Timeout(20)
  void worksOnWhenATaskFailsBadly() {
    try (Tracer tracer = new Tracer("test")) {
      tracer.submit(() -> {
        throw new AssertionError("on purpose");
      });
      assertThat(tracer.<Integer>call(() -> 3)).isEqualTo(3);
    }
  }

  private static Set<Long> children() {
    return ProcessHandle.current().children().map(ProcessHandle::pid).collect(Collectors.toSet());
  }
}
