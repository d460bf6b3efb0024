package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Daemons of hosts that share no files are killed while processes use files; h1 is home. */
final class SeparateRestartTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** Numbers lines without a gap, and does what cannot be done twice. */
  private static final String WORK =
      """
      !
      import threading
      state.update(n=0, error='', stop=False)
      state['log'] = os.open('%1$s/log', os.O_CREAT | os.O_WRONLY | os.O_APPEND)
      def work():
        try:
          while not state['stop']:
            n = state['n'] + 1
            os.write(state['log'], b'%%07d\\n' %% n)
            os.mkdir('%1$s/made')
            os.rename('%1$s/made', '%1$s/renamed')
            os.rmdir('%1$s/renamed')
            with open('%1$s/value', 'w') as f:
              f.write(str(n) * 1000)
            assert open('%1$s/value').read() == str(n) * 1000, 'value'
            os.close(os.open('%1$s/new', os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            os.unlink('%1$s/new')
            assert not os.path.exists('%1$s/new'), 'new'
            state['n'] = n
        except BaseException as e:
          state['error'] = repr(e)
      state['thread'] = threading.Thread(target=work)
      state['thread'].start()
      """;

  @RegisterExtension
  private static final BedOfClass BED = new BedOfClass(() -> Bed.separate("files-restart-test"));

  private @Nullable Agent started;

  private static Bed bed() {
    return BED.bed();
  }

  @BeforeEach
  void start(TestInfo info) {
    started =
        Agent.start(
            bed(),
            "a"
                + Math.floorMod(
                    (info.getTestMethod() + info.getDisplayName()).hashCode(), 1_000_000));
    agent().go("h2");
  }

  @AfterEach
  void end() {
    agent().end();
  }

  private Agent agent() {
    return Objects.requireNonNull(started);
  }

  private int done() {
    assertThat(agent().ask("state['error']")).isEmpty();
    return Integer.parseInt(agent().ask("state['n']"));
  }

  private void goesOn() {
    int before = done();
    Awaitility.await().atMost(PATIENCE).until(() -> done() > before + 20);
  }

  @ParameterizedTest
  @ValueSource(strings = {"h1", "h2", "h1 h2"})
  void processesRunOnWhenADaemonIsKilled(String killed) throws IOException {
    agent().ask(WORK.formatted(agent().path("")));
    goesOn();
    for (int i = 0; i < 3; i++) {
      kill(killed);
      bed().awaitPeers();
      goesOn();
    }
    agent().ask("!state['stop'] = True; state['thread'].join()");
    int last = done();
    agent().go("home");
    List<String> expected = IntStream.rangeClosed(1, last).mapToObj("%07d"::formatted).toList();
    assertThat(Files.readAllLines(agent().atHome("log"))).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"h1", "h2", "h1 h2"})
  void openFilesAndLocksOutliveADaemon(String killed) throws IOException {
    agent().ask("!state['u'] = os.open('%s', os.O_CREAT | os.O_RDWR)".formatted(agent().path("u")));
    agent().ask("!os.write(state['u'], b'abcdef'); os.unlink('%s')".formatted(agent().path("u")));
    agent().ask("!state['l'] = open('%s', 'w')".formatted(agent().path("locked")));
    agent().ask("!import fcntl; fcntl.lockf(state['l'], fcntl.LOCK_EX)");
    kill(killed);
    bed().awaitPeers();
    assertThat(agent().ask("os.pread(state['u'], 9, 2)")).isEqualTo("b'cdef'");
    assertThat(isLocked()).isTrue();
    // What is let go of is noticed by nobody but the daemon that did not see it taken.
    agent().ask("!state['l'].close(); os.close(state['u'])");
    Awaitility.await().atMost(PATIENCE).until(() -> !isLocked());
  }

  private static void kill(String hosts) {
    for (String host : hosts.split(" ")) {
      bed().host(host).killDaemon();
    }
  }

  private boolean isLocked() {
    return bed()
            .host("h1")
            .run(
                "python3",
                "-c",
                "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)",
                agent().path("locked"))
            .status()
        != 0;
  }

  @ParameterizedTest
  @ValueSource(strings = {"h1", "h2", "h1 h2"})
  void whatChangesWhileADaemonIsAwayIsSeen(String away) throws IOException {
    Files.writeString(agent().atHome("changed"), "old");
    Files.writeString(agent().atHome("gone"), "");
    String look =
        "open('%s').read(), os.path.exists('%s'), os.path.exists('%s')"
            .formatted(agent().path("changed"), agent().path("gone"), agent().path("new"));
    assertThat(agent().ask(look)).isEqualTo("('old', True, False)");
    String[] hosts = away.split(" ");
    for (String host : hosts) {
      bed().host(host).killDaemonAndHold();
    }
    Files.writeString(agent().atHome("changed"), "new");
    Files.delete(agent().atHome("gone"));
    Files.writeString(agent().atHome("new"), "");
    for (String host : hosts) {
      bed().host(host).startDaemon();
    }
    bed().awaitPeers();
    assertThat(agent().ask(look)).isEqualTo("('new', False, True)");
  }

  @Test
  void aDaemonThatEndsInOrderLeavesMountsToTheNext() {
    agent().ask(WORK.formatted(agent().path("")));
    bed().host("h2").stopDaemon();
    bed().host("h2").startDaemon();
    bed().awaitPeers();
    goesOn();
    agent().ask("!state['stop'] = True; state['thread'].join()");
    assertThat(Agent.mountsOn(bed(), "h2")).isNotEmpty();
  }
}
