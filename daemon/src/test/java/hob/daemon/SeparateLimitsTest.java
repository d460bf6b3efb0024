package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Much of everything, and a bad link, on hosts that share no files; h1 is home. */
final class SeparateLimitsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int ENTRIES = 100_000;

  @RegisterExtension
  private static final BedOfClass BED = new BedOfClass(() -> Bed.separate("files-limits-test"));

  private @Nullable Agent started;

  private static Bed bed() {
    return BED.bed();
  }

  @BeforeEach
  void start(TestInfo info) {
    started = Agent.start(bed(), info.getTestMethod().orElseThrow().getName());
  }

  @AfterEach
  void end() {
    agent().end();
  }

  private Agent agent() {
    return Objects.requireNonNull(started);
  }

  private String path(String file) {
    return agent().path(file);
  }

  @Test
  void aDirectoryOfAHundredThousandEntriesIsTheSame() throws IOException {
    Files.createDirectory(agent().atHome("large"));
    agent()
        .ask(
            "![os.mknod('%s/entry-%%06d' %% i) for i in range(%d)]"
                .formatted(path("large"), ENTRIES));
    agent().go("h2");
    String listed =
        "(lambda all: (len(all), sorted(all)[0], sorted(all)[-1]))(os.listdir('%s'))"
            .formatted(path("large"));
    assertThat(agent().ask(listed)).isEqualTo("(100000, 'entry-000000', 'entry-099999')");
    String sizes =
        "sum(e.stat(follow_symlinks=False).st_nlink for e in os.scandir('%s'))"
            .formatted(path("large"));
    assertThat(agent().ask(sizes)).isEqualTo("100000");
    // The next daemon at home must know all of them.
    bed().host("h1").killDaemon();
    bed().awaitPeers();
    Files.delete(agent().atHome("large/entry-000000"));
    assertThat(agent().ask(listed)).isEqualTo("(99999, 'entry-000001', 'entry-099999')");
    assertThat(agent().ask(sizes)).isEqualTo("99999");
    agent().go("home");
    assertThat(agent().ask(listed)).isEqualTo("(99999, 'entry-000001', 'entry-099999')");
  }

  @Test
  void aPathOfFourThousandBytesIsReached() {
    agent().go("h2");
    agent()
        .ask(
            "!state['deep'] = '%1$s' + ('/' + 'd' * 199) * ((4000 - len('%1$s')) // 200)"
                .formatted(path("")));
    agent().ask("!os.makedirs(state['deep'])");
    agent().ask("!state['file'] = state['deep'] + '/' + 'f' * (3999 - len(state['deep']))");
    assertThat(agent().ask("len(state['file']), open(state['file'], 'w').write('deep')"))
        .isEqualTo("(4000, 4)");
    agent().ask("!state['open'] = open(state['file']); os.chdir(state['deep'])");
    for (String host : new String[] {"h3", "home"}) {
      agent().go(host);
      assertThat(agent().ask("open(state['file']).read(), os.pread(state['open'].fileno(), 9, 0)"))
          .isEqualTo("('deep', b'deep')");
      assertThat(agent().ask("os.getcwd() == state['deep']")).isEqualTo("True");
    }
  }

  /** Longer than until the home counts as lost: the writer stands still, and then goes on. */
  @Test
  void whatIsWrittenWhileTheLinkIsCutArrives() throws IOException {
    agent().go("h2");
    agent()
        .ask(
            """
            !
            import threading
            state['i'] = 0
            def work():
              with open('%s', 'wb', buffering=0) as f:
                while not state.get('stop'):
                  f.write(b'%%07d\\n' %% state['i'])
                  state['i'] += 1
              state['done'] = True
            state['thread'] = threading.Thread(target=work)
            state['thread'].start()
            """
                .formatted(path("written")));
    Path written = agent().atHome("written");
    Awaitility.await()
        .atMost(PATIENCE)
        .until(() -> Files.exists(written) && Files.size(written) > 800);
    bed().testbed().cutLink("h2");
    long atHome;
    try {
      Awaitility.await().pollDelay(Duration.ofSeconds(5)).until(() -> true);
      atHome = Files.size(written);
      Awaitility.await().pollDelay(Duration.ofSeconds(1)).until(() -> true);
      assertThat(Files.size(written)).isEqualTo(atHome);
    } finally {
      bed().testbed().restoreLink("h2");
    }
    Awaitility.await().atMost(PATIENCE).until(() -> Files.size(written) > atHome);
    agent().ask("!state['stop'] = True; state['thread'].join()");
    int lines = Integer.parseInt(agent().ask("state['i']"));
    assertThat(agent().ask("state.get('done')")).isEqualTo("True");
    agent().go("home");
    StringBuilder expected = new StringBuilder();
    for (int i = 0; i < lines; i++) {
      expected.append("%07d\n".formatted(i));
    }
    assertThat(Files.readString(written)).isEqualTo(expected.toString());
  }
}
