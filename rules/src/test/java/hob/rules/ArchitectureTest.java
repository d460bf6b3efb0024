package hob.rules;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What knows the processor stays where docs/aarch64.md says. Names of registers are constants, of
 * which no trace is left in class files, so the sources are read.
 */
class ArchitectureTest {
  /** Classes of {@code hob.image} that may name registers or machine code. */
  private static final List<String> KNOW_IT =
      List.of(
          "Adopter",
          "Batch",
          "FrozenThread",
          "Hole",
          "Keeper",
          "MachineCode",
          "Rebuild",
          "Shadow",
          "SignalDelivery",
          "Standstill",
          "Stub",
          "SystemCallRestart",
          "Tracee",
          "VdsoExit",
          "VdsoImage",
          "VdsoPlace",
          "Vessel");

  @Test
  void onlyFewClassesKnowRegisters() throws IOException {
    try (Stream<Path> sources = Files.walk(Modules.root().resolve("image/src/main/java"))) {
      assertThat(
              sources
                  .filter(p -> p.toString().endsWith(".java"))
                  .filter(ArchitectureTest::namesMachineCode)
                  .map(p -> p.getFileName().toString().replace(".java", ""))
                  .sorted()
                  .toList())
          .isNotEmpty()
          .isSubsetOf(KNOW_IT);
    }
  }

  private static boolean namesMachineCode(Path source) {
    try {
      return Files.readString(source).contains("MachineCode");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
