package hob.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Linker;
import org.junit.jupiter.api.Test;

class PlatformTest {
  @Test
  void nativeLinkerFindsSyscall() {
    assertThat(Linker.nativeLinker().defaultLookup().find("syscall")).isPresent();
  }
}
