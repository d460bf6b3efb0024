package hob.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The {@code hob} script with what it built; {@code ./hob test} builds it before any test. */
class LauncherTest {
  private static final Path ROOT =
      Path.of(System.getProperty("hob.root", "..")).toAbsolutePath().normalize();

  @TempDir Path elsewhere;

  record Result(int status, String out, String err) {}

  @BeforeAll
  static void launcherHasBuilt() {
    assumeTrue(Files.exists(ROOT.resolve("target/hob.stamp")), "run through ./hob test");
  }

  @Test
  void helpNamesTheLaunchersOwnCommandsToo() throws Exception {
    Result help = run(ROOT.resolve("hob"), "--help");

    assertThat(help.status()).isZero();
    assertThat(help.out()).startsWith("Usage: hob").contains("test [", "daemon [");
    assertThat(help.err()).isEmpty();
  }

  @Test
  void runsThroughChainedRelativeLinksFromAnyDirectory() throws Exception {
    Path bin = Files.createDirectory(elsewhere.resolve("a bin"));
    Files.createSymbolicLink(bin.resolve("first"), bin.relativize(ROOT.resolve("hob")));
    Path link = Files.createSymbolicLink(elsewhere.resolve("second"), Path.of("a bin/first"));

    assertThat(run(link, "--version").out()).startsWith("hob ");
  }

  @Test
  void wrongUseIsOneLineAndStatusTwo() throws Exception {
    Result wrong = run(ROOT.resolve("hob"), "--no-such-option", "two words");

    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.err()).startsWith("hob: ").contains("two words").hasLineCount(1);
  }

  private Result run(Path command, String... args) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of(command.toString()));
    line.addAll(List.of(args));
    Path out = elsewhere.resolve("out");
    Path err = elsewhere.resolve("err");
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .directory(elsewhere.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    // What is there may be older than the sources when the tests run without ./hob test.
    builder.environment().put("HOB_NO_BUILD", "1");
    return new Result(builder.start().waitFor(), Files.readString(out), Files.readString(err));
  }
}
