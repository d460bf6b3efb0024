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
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Feeds each reader of foreign bytes with what Jazzer thinks up: all in one program and the same
 * inputs on each run, unless the property {@code hob.fuzz.seconds} says for how long to look for
 * new ones for each ({@code hob test fuzz -Dhob.fuzz.seconds=3600}).
 */
class FuzzTest {
  private static final int RUNS = 30_000;
  private static final int SECONDS = Integer.getInteger("hob.fuzz.seconds", 0);
  private static final int SEED = 3;
  private static final int MAX_INPUT = 8 << 10;

  /** What protobuf made is large, and slow to instrument. */
  private static final String GENERATED = "hob.image.proto.**:hob.home.proto.**:hob.wire.proto.**";

  /** Less than what a length that was believed would take. */
  private static final String HEAP = "-Xmx400m";

  @TempDir Path directory;

  /** In the order of {@link AnyReaderFuzzer}. */
  static final List<Class<?>> READERS =
      List.of(
          TreeImageFuzzer.class,
          ImageFileFuzzer.class,
          LetterFuzzer.class,
          MeetingFuzzer.class,
          IntakeFuzzer.class,
          MessageFuzzer.class);

  static Stream<Arguments> readers() throws IOException {
    List<List<byte[]>> seeds =
        List.of(
            List.of(Samples.image().toByteArray(), Samples.outline().toByteArray()),
            List.of(Samples.file()),
            Seeds.letters(),
            Seeds.greetings(),
            Seeds.transfers(),
            Seeds.messages());
    if (SECONDS > 0) {
      return IntStream.range(0, READERS.size())
          .mapToObj(i -> Arguments.of(READERS.get(i), seeds.get(i)));
    }
    List<byte[]> all = new ArrayList<>();
    for (int i = 0; i < READERS.size(); i++) {
      for (byte[] seed : seeds.get(i)) {
        all.add(ByteBuffer.allocate(1 + seed.length).put((byte) i).put(seed).array());
      }
    }
    return Stream.of(Arguments.of(AnyReaderFuzzer.class, all));
  }

  @ParameterizedTest
  @MethodSource("readers")
  void readsOrRefusesWhateverComes(Class<?> reader, List<byte[]> seeds) throws Exception {
    Path corpus = Files.createDirectory(directory.resolve("corpus"));
    for (int i = 0; i < seeds.size(); i++) {
      Files.write(corpus.resolve("seed-" + i), seeds.get(i));
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            HEAP,
            "-XX:+UseSerialGC",
            "-XX:+EnableDynamicAgentLoading",
            "--enable-native-access=ALL-UNNAMED"));
    if (SECONDS == 0) {
      command.add("-XX:TieredStopAtLevel=1");
    }
    command.addAll(List.of("-cp", classPath(), "com.code_intelligence.jazzer.Jazzer"));
    command.addAll(
        List.of(
            "--target_class=" + reader.getName(),
            "--instrumentation_includes=hob.**",
            "--instrumentation_excludes=" + (SECONDS == 0 ? GENERATED : "none"),
            "--reproducer_path=" + directory,
            "-seed=" + SEED,
            "-max_len=" + MAX_INPUT,
            "-rss_limit_mb=2048",
            "-timeout=20",
            SECONDS == 0 ? "-runs=" + RUNS : "-max_total_time=" + SECONDS,
            corpus.toString()));
    Path log = directory.resolve("log");
    Process jazzer =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      assertThat(jazzer.waitFor(240L + SECONDS, TimeUnit.SECONDS)).as("it ends").isTrue();
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
