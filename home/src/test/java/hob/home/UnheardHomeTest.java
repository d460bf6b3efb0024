package hob.home;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tree that stands still because its home is not heard. */
class UnheardHomeTest {
  @TempDir Path directory;

  /**
   * It would take the stop along as its user's, and nobody would let it go on: neither where it
   * comes nor, when the move is called off, where it was.
   */
  @Test
  void doesNotLeaveWithThatStop() throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, "ready()\n");
        Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2", "h3")) {
      SessionId id = p.id();
      hosts.move(id, "h1", "h2");
      hosts.engine("h2").homeUnheard("h1");
      assertThatThrownBy(() -> hosts.move(id, "h2", "h3"))
          .isInstanceOf(MoveRefusedException.class)
          .hasMessageContaining("stands still until its home is heard");
      hosts.engine("h2").homeHeard("h1");
      hosts.move(id, "h2", "h3");
      hosts.move(id, "h3", "h1");
      p.check();
    }
  }

  /** Some of the stops have not taken effect yet when they are taken back. */
  @Test
  void runsOnHoweverShortTheSilence() throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, "ready()\n");
        Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2")) {
      SessionId id = p.id();
      hosts.move(id, "h1", "h2");
      for (int i = 0; i < 200; i++) {
        hosts.engine("h2").homeUnheard("h1");
        hosts.engine("h2").homeHeard("h1");
      }
      hosts.move(id, "h2", "h1");
      p.check();
    }
  }

  /** A homecoming that is given up before a shadow was touched leaves the shadows at work. */
  @Test
  void homecomingThatNeverBegan() throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, "ready()\n");
        Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2")) {
      SessionId id = p.id();
      hosts.move(id, "h1", "h2");
      Departure d = hosts.engine("h2").depart(id, p.pid(), 2);
      hosts.engine("h1").arrive(id, 2, d.outline()).destroy();
      d.resume();
      hosts.move(id, "h2", "h1");
      p.check();
    }
  }
}
