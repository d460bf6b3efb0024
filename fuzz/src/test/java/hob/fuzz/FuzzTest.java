package hob.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import hob.image.format.ImageFileFuzzer;
import hob.image.format.Samples;
import hob.image.format.TreeImageFuzzer;
import hob.migration.message.MessageFuzzer;
import hob.wire.LetterFuzzer;
import hob.wire.bulk.IntakeFuzzer;
import hob.wire.link.MeetingFuzzer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Feeds each reader of foreign bytes with what Jazzer thinks up: the same inputs on each run,
 * unless the property {@code hob.fuzz.seconds} says for how long to look for new ones ({@code hob
 * test fuzz -Dhob.fuzz.seconds=3600}).
 */
class FuzzTest {
  private static final int RUNS = 5_000;
  private static final int SEED = 3;
  private static final int MAX_INPUT = 8 << 10;

  /** Less than what a length that was believed would take. */
  private static final String HEAP = "-Xmx400m";

  @TempDir Path directory;

  static Stream<Arguments> readers() throws IOException {
    return Stream.of(
        Arguments.of(
            TreeImageFuzzer.class,
            List.of(Samples.image().toByteArray(), Samples.outline().toByteArray())),
        Arguments.of(ImageFileFuzzer.class, List.of(Samples.file())),
        Arguments.of(LetterFuzzer.class, Seeds.letters()),
        Arguments.of(MeetingFuzzer.class, Seeds.greetings()),
        Arguments.of(IntakeFuzzer.class, Seeds.transfers()),
        Arguments.of(MessageFuzzer.class, Seeds.messages()));
  }

  @ParameterizedTest
  @MethodSource("readers")
  void readsOrRefusesWhateverComes(Class<?> reader, List<byte[]> seeds) throws Exception {
    Path corpus = Files.createDirectory(directory.resolve("corpus"));
    for (int i = 0; i < seeds.size(); i++) {
      Files.write(corpus.resolve("seed-" + i), seeds.get(i));
    }
    int seconds = Integer.getInteger("hob.fuzz.seconds", 0);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(HEAP, "-XX:+EnableDynamicAgentLoading", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(List.of("-cp", classPath(), "com.code_intelligence.jazzer.Jazzer"));
    command.addAll(
        List.of(
            "--target_class=" + reader.getName(),
            "--instrumentation_includes=hob.**",
            "--reproducer_path=" + directory,
            "-seed=" + SEED,
            "-max_len=" + MAX_INPUT,
            "-rss_limit_mb=2048",
            "-timeout=20",
            seconds == 0 ? "-runs=" + RUNS : "-max_total_time=" + seconds,
            corpus.toString()));
    Path log = directory.resolve("log");
    Process jazzer =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      assertThat(jazzer.waitFor(240L + seconds, TimeUnit.SECONDS)).as("it ends").isTrue();
    } finally {
      jazzer.destroyForcibly();
    }
    String said = Files.readString(log);
    assertThat(jazzer.exitValue()).as(said).isZero();
    assertThat(said).contains("Done ");
  }

  private static String classPath() {
    String surefire = System.getProperty("surefire.test.class.path");
    String all = surefire != null ? surefire : System.getProperty("java.class.path");
    return String.join(
        File.pathSeparator,
        Stream.of(all.split(File.pathSeparator))
            .map(entry -> Path.of(entry).toAbsolutePath().toString())
            .toList());
  }
}
