package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import hob.wire.proto.PsReply;
import hob.wire.proto.PsRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** How a process ended abroad reaches its parent at home, whichever daemon dies meanwhile. */
final class ExitsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  @RegisterExtension private static final BedOfClass BED = new BedOfClass("exits");

  private static Bed bed() {
    return BED.bed();
  }

  /** Ends with status 42 when told by a file, after it has written so many bytes. */
  private static final String PROGRAM =
      """
      import os, sys, time
      while not os.path.exists(sys.argv[1]): time.sleep(0.01)
      os.write(1, b'x' * int(sys.argv[2]))
      open(sys.argv[1] + '.over', 'w')
      os._exit(42)
      """;

  @TempDir Path directory = Path.of("");

  /** A process on h2, and its parent at home, which writes its status down. */
  private int start(Path out, int bytes) throws Exception {
    int shell =
        bed()
            .start(
                "h1",
                directory.resolve("output"),
                "sh",
                "-c",
                "python3 -c \"$0\" \"$1\" \"$2\" > \"$3\"; echo $? > \"$4\"",
                PROGRAM,
                flag().toString(),
                Integer.toString(bytes),
                out.toString(),
                directory.resolve("status").toString());
    int pid = bed().childOf("h1", shell);
    bed().migrate("h1", pid, "h2");
    return pid;
  }

  private Path flag() {
    return directory.resolve("flag");
  }

  private void letItEnd() throws IOException {
    Files.createFile(flag());
    Awaitility.await().atMost(PATIENCE).until(() -> Files.exists(directory.resolve("flag.over")));
  }

  private void awaitStatus(int pid) {
    Awaitility.await()
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(directory.resolve("status")).content().isEqualTo("42\n"));
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() ->
            bed()
                .ask("h1", PsRequest.getDefaultInstance(), PsReply.class)
                .getProcessesList()
                .stream()
                .noneMatch(p -> p.getPid() == pid));
    for (String host : new String[] {"h1", "h2"}) {
      Path sessions = bed().host(host).root().resolve("run/hob/sessions");
      Awaitility.await()
          .atMost(PATIENCE)
          .untilAsserted(() -> assertThat(sessions).isEmptyDirectory());
    }
  }

  /** The end is told to nobody yet when the daemon that knows it dies. */
  @Test
  void targetsDaemonDiesBeforeItCouldTell() throws Exception {
    int pid = start(Path.of("/dev/null"), 0);
    bed().testbed().cutLink("h2");
    try {
      letItEnd();
      Awaitility.await()
          .atMost(PATIENCE)
          .until(() -> notes("h2").contains("end.0=" + pid + " " + (42 << 8)));
      bed().host("h2").killDaemon();
    } finally {
      bed().testbed().restoreLink("h2");
    }
    awaitStatus(pid);
    bed().awaitPeers();
  }

  private static String notes(String host) throws IOException {
    StringBuilder all = new StringBuilder();
    Path sessions = bed().host(host).root().resolve("run/hob/sessions");
    try (var files = Files.newDirectoryStream(sessions, "*.session")) {
      for (Path f : files) {
        all.append(Files.readString(f));
      }
    }
    return all.toString();
  }

  /** The home has the message, and waits with the end until all output is through. */
  @Test
  void homesDaemonDiesBeforeTheParentHears() throws Exception {
    Path fifo = directory.resolve("fifo");
    bed().host("h1").run("mkfifo", fifo.toString());
    int reader =
        bed().start("h1", directory.resolve("none"), "sh", "-c", "exec sleep 1000 < " + fifo);
    int pid = start(fifo, 150_000);
    letItEnd();
    // More than any round trip: it was told, and nothing came of it.
    Awaitility.await().during(Duration.ofMillis(500)).until(() -> notes("h2").contains("end.0="));
    assertThat(directory.resolve("status")).doesNotExist();
    bed().host("h1").killDaemon();
    awaitStatus(pid);
    bed().awaitPeers();
    bed().host("h1").run("kill", Integer.toString(reader));
  }
}
