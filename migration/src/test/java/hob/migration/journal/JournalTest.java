package hob.migration.journal;

import static org.assertj.core.api.Assertions.assertThat;

import hob.home.SessionId;
import hob.migration.MoveId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class JournalTest {
  private static final SessionId SESSION = new SessionId("h1", 42, 7);
  private static final MoveId MOVE = new MoveId(SESSION, 3);

  @TempDir private Path directory;
  private Path file = Path.of("");

  @BeforeEach
  void name() {
    file = directory.resolve("journal");
  }

  private Journal open() throws IOException {
    return Journal.open(file, "boot-1");
  }

  @Test
  void decisionOutlivesTheDaemon() throws IOException {
    Journal dies = open();
    dies.append(new Entry.Begun(MOVE, 42, "h1", "h2"));
    dies.append(new Entry.Committed(MOVE, "h2"));
    // Not closed: it was killed.
    try (Journal next = open()) {
      assertThat(next.committed(SESSION)).contains(new Entry.Committed(MOVE, "h2"));
      assertThat(next.open()).containsEntry(SESSION, new Entry.Begun(MOVE, 42, "h1", "h2"));
    }
    dies.close();
  }

  @Test
  void closedMoveIsNotTakenUpAgain() throws IOException {
    try (Journal journal = open()) {
      journal.append(new Entry.Begun(MOVE, 42, "h1", "h2"));
      journal.append(new Entry.Committed(MOVE, "h2"));
      journal.append(new Entry.Closed(MOVE));
    }
    try (Journal next = open()) {
      assertThat(next.open()).isEmpty();
      assertThat(next.committed(SESSION)).isPresent();
    }
  }

  @Test
  void tornLastLineCountsAsNeverWritten() throws IOException {
    try (Journal journal = open()) {
      journal.append(new Entry.Begun(MOVE, 42, "h1", "h2"));
      journal.append(new Entry.Committed(MOVE, "h2"));
    }
    byte[] whole = Files.readAllBytes(file);
    int begin = lastLine(whole);
    for (int cut = begin; cut < whole.length; cut++) {
      Files.write(file, java.util.Arrays.copyOf(whole, cut));
      try (Journal next = open()) {
        assertThat(next.committed(SESSION)).as("cut at %d", cut).isEmpty();
        assertThat(next.open()).as("cut at %d", cut).containsKey(SESSION);
      }
    }
  }

  private static int lastLine(byte[] bytes) {
    int at = bytes.length - 1;
    while (at > 0 && bytes[at - 1] != '\n') {
      at--;
    }
    return at;
  }

  @Test
  void lineWithAWrongChecksumIsNotBelieved() throws IOException {
    try (Journal journal = open()) {
      journal.append(new Entry.Committed(MOVE, "h2"));
    }
    String text = Files.readString(file).replace("h2", "h3");
    Files.writeString(file, text, StandardOpenOption.TRUNCATE_EXISTING);
    try (Journal next = open()) {
      assertThat(next.committed(SESSION)).isEmpty();
    }
  }

  @Test
  void incarnationsNeverGoBack() throws IOException {
    long last = 0;
    for (int daemon = 0; daemon < 5; daemon++) {
      Journal journal = open();
      for (int i = 0; i < 1500; i++) {
        long next = journal.newIncarnation();
        assertThat(next).isGreaterThan(last);
        last = next;
      }
      // Half of them are killed.
      if (daemon % 2 == 0) {
        journal.close();
      }
    }
  }

  @Test
  void anotherBootForgetsSessionsButNoNumbers() throws IOException {
    long used;
    try (Journal journal = open()) {
      used = journal.newIncarnation();
      journal.append(new Entry.Committed(MOVE, "h2"));
      journal.append(new Entry.Took(MOVE));
    }
    try (Journal next = Journal.open(file, "boot-2")) {
      assertThat(next.committed()).isEmpty();
      assertThat(next.took(MOVE)).isFalse();
      assertThat(next.newIncarnation()).isGreaterThan(used);
    }
  }

  @Test
  void staysShortHoweverManyMovesThereWere() throws IOException {
    try (Journal journal = open()) {
      for (int i = 1; i <= 100_000; i++) {
        MoveId move = new MoveId(SESSION, i);
        journal.append(new Entry.Begun(move, 42, "h1", "h2"));
        journal.append(new Entry.Committed(move, "h2"));
        journal.append(new Entry.Closed(move));
      }
      assertThat(Files.size(file)).isLessThan(5L << 20);
      assertThat(journal.committed(SESSION).orElseThrow().move().incarnation()).isEqualTo(100_000);
    }
  }

  @Test
  void interruptedThreadDoesNotCloseIt() throws IOException {
    try (Journal journal = open()) {
      Thread.currentThread().interrupt();
      journal.append(new Entry.Took(MOVE));
      journal.sync();
      assertThat(Thread.interrupted()).isTrue();
      journal.append(new Entry.Committed(MOVE, "h2"));
    }
    try (Journal next = open()) {
      assertThat(next.committed(SESSION)).isPresent();
    }
  }

  @Test
  void targetRemembersWhatItTook() throws IOException {
    Journal dies = open();
    dies.append(new Entry.Took(MOVE));
    try (Journal next = open()) {
      assertThat(next.took(MOVE)).isTrue();
      assertThat(next.took(new MoveId(SESSION, 4))).isFalse();
    }
    dies.close();
  }
}
