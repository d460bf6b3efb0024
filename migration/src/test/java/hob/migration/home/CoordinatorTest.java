package hob.migration.home;

import static org.assertj.core.api.Assertions.assertThat;

import hob.home.Engine;
import hob.home.SessionId;
import hob.migration.MoveId;
import hob.migration.Timeouts;
import hob.migration.fault.Faults;
import hob.migration.journal.Entry;
import hob.migration.journal.Journal;
import hob.migration.message.Message;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the home h1 answers to those who ask, going by its journal alone. */
final class CoordinatorTest {
  private static final SessionId SESSION = new SessionId("h1", 42, 7);

  private final List<String> said = new ArrayList<>();
  private final List<String> engineCalls = new ArrayList<>();
  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();

  @TempDir private Path directory;
  private Journal journal;
  private Coordinator coordinator;

  @BeforeEach
  void open() throws IOException {
    journal = Journal.open(directory.resolve("journal"), "boot");
    coordinator =
        new Coordinator(
            "h1",
            recordingEngine(),
            new Recorder(),
            journal,
            Timeouts.standard(),
            Faults.NONE,
            timer,
            System.Logger.Level.DEBUG);
  }

  @AfterEach
  void close() throws IOException {
    timer.shutdownNow();
    journal.close();
  }

  private static MoveId move(long incarnation) {
    return new MoveId(SESSION, incarnation);
  }

  private void committed(long incarnation, String location) {
    journal.append(new Entry.Committed(move(incarnation), location));
  }

  @Test
  void copyOfTheCommittedIncarnationMayRun() {
    committed(5, "h2");
    coordinator.hear("h2", new Message.TargetAsks(move(5), false));
    assertThat(said).containsExactly("h2 Resume 5");
  }

  @Test
  void staleCopyMustGo() {
    committed(5, "h2");
    coordinator.hear("h3", new Message.TargetAsks(move(4), true));
    coordinator.hear("h3", new Message.TargetAsks(move(6), false));
    assertThat(said).containsExactly("h3 Destroy 4", "h3 Destroy 6");
  }

  @Test
  void copyOfASessionThatIsOverMustGo() {
    coordinator.hear("h2", new Message.TargetAsks(move(5), true));
    coordinator.hear("h2", new Message.SourceAsks(move(6)));
    assertThat(said).containsExactly("h2 Destroy 5", "h2 Leave 6");
  }

  @Test
  void sourceInDoubtLeavesWhenItsMoveWasCommitted() {
    committed(5, "h2");
    coordinator.hear("h1", new Message.SourceAsks(move(5)));
    assertThat(said).containsExactly("h1 Leave 5");
  }

  @Test
  void sourceInDoubtRunsOnWhenItsMoveWasNot() {
    coordinator.hear("h1", new Message.SourceAsks(move(5)));
    committed(5, "h2");
    coordinator.hear("h2", new Message.SourceAsks(move(6)));
    assertThat(said).containsExactly("h1 Stay 5", "h2 Stay 6");
  }

  @Test
  void sourceRunsOnWhenTheHomeDecidedForItAnew() {
    committed(6, "h2");
    coordinator.hear("h2", new Message.SourceAsks(move(5)));
    assertThat(said).containsExactly("h2 Stay 5");
  }

  @Test
  void sourceMayNameTheIncarnationThatItHadBefore() {
    committed(5, "h2");
    coordinator.hear("h2", new Message.SourceAsks(move(5)));
    journal.append(new Entry.Begun(move(6), 42, "h2", "h3"));
    coordinator.recover();
    said.clear();
    coordinator.hear("h2", new Message.SourceAsks(move(5)));
    // All orders of a move that is off are repeated: the target may not have heard its own.
    assertThat(said).containsExactly("h3 Destroy 6", "h2 Stay 6");
  }

  @Test
  void sourceOfACommittedMoveLeavesUnderEitherName() {
    committed(6, "h3");
    coordinator.hear("h2", new Message.SourceAsks(move(5)));
    coordinator.hear("h2", new Message.SourceAsks(move(6)));
    assertThat(said).containsExactly("h2 Leave 5", "h2 Leave 6");
  }

  @Test
  void sessionThatItsHostHasNoMoreIsLost() {
    committed(5, "h2");
    coordinator.up("h2", true);
    assertThat(said).containsExactly("h2 Resume 5");
    coordinator.hear("h2", new Message.Missing(move(5), true));
    assertThat(engineCalls).contains("abandon");
    assertThat(journal.committed(SESSION)).isEmpty();
  }

  @Test
  void hostThatOnlyLostItsConnectionIsNotAsked() {
    committed(5, "h2");
    coordinator.up("h2", false);
    assertThat(said).isEmpty();
  }

  @Test
  void sessionWithoutShadowsIsOver() {
    committed(5, "h2");
    coordinator.forgetAllBut(Set.of());
    assertThat(said).containsExactly("h2 Destroy 5");
    assertThat(journal.committed(SESSION)).isEmpty();
  }

  @Test
  void restartedHomeFinishesWhatItHadCommitted() {
    journal.append(new Entry.Begun(move(5), 42, "h2", "h3"));
    committed(5, "h3");
    coordinator.recover();
    assertThat(said).containsExactly("h3 Resume 5");
    coordinator.hear("h3", new Message.Resumed(move(5), 0));
    coordinator.hear("h2", new Message.Left(move(5)));
    assertThat(said).containsExactly("h3 Resume 5", "h2 Leave 5");
    assertThat(journal.open()).isEmpty();
    assertThat(coordinator.location(SESSION)).isEqualTo("h3");
  }

  @Test
  void restartedHomeCallsOffWhatItHadNotCommitted() {
    committed(4, "h2");
    journal.append(new Entry.Begun(move(5), 42, "h2", "h3"));
    coordinator.recover();
    assertThat(said).containsExactly("h3 Destroy 5", "h2 Stay 5");
    coordinator.hear("h2", new Message.Stayed(move(5), ""));
    assertThat(journal.open()).isEmpty();
    assertThat(coordinator.location(SESSION)).isEqualTo("h2");
  }

  @Test
  void whoIsNoPartOfAMoveIsNotHeard() {
    var _ = coordinator.move(SESSION, 42, "h2", "eager", false);
    said.clear();
    coordinator.hear("h3", new Message.Prepared(move(1), 0, 0, 0));
    assertThat(said).isEmpty();
  }

  @Test
  void abandonedSessionEndsEverywhere() {
    committed(5, "h2");
    coordinator.abandon(SESSION);
    assertThat(engineCalls).contains("abandon");
    assertThat(said).containsExactly("h2 Destroy 5");
  }

  private Engine recordingEngine() {
    return (Engine)
        Proxy.newProxyInstance(
            Engine.class.getClassLoader(),
            new Class<?>[] {Engine.class},
            (_, method, _) -> {
              engineCalls.add(method.getName());
              return null;
            });
  }

  private final class Recorder implements Coordinator.Out {
    @Override
    public void toSource(String host, Message.ToSource message) {
      say(host, message);
    }

    @Override
    public void toTarget(String host, Message.ToTarget message) {
      say(host, message);
    }

    @Override
    public long toLocalNanos(String host, long nanos) {
      return nanos;
    }

    private void say(String host, Message message) {
      said.add(
          "%s %s %d"
              .formatted(host, message.getClass().getSimpleName(), message.move().incarnation()));
    }
  }
}
