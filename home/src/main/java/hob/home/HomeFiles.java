package hob.home;

import hob.image.Refusal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The files of homes, as far as moves need to know of them. The daemon implements it; given to the
 * engine when it is made. Any thread.
 */
public interface HomeFiles {
  /** Hosts that share one file system: a foreign process uses the files of the host it is on. */
  HomeFiles SHARED =
      new HomeFiles() {
        @Override
        public @Nullable SandboxRoot root(SessionId session) {
          return null;
        }

        @Override
        public boolean areServed(SessionId session) {
          return true;
        }

        @Override
        public List<Refusal> check(SessionId session, List<Integer> pids) {
          return List.of();
        }

        @Override
        public void send(SessionId session) {}

        @Override
        public void learn(SessionId session) {}
      };

  /**
   * What the root directory of a session's sandbox on this host is to be.
   *
   * @return null when it is this host's own
   * @throws MoveRefusedException when the home's files cannot be had here
   */
  @Nullable SandboxRoot root(SessionId session) throws MoveRefusedException;

  /** Abroad: whether somebody serves the files of a session that an earlier daemon has left. */
  boolean areServed(SessionId session);

  /**
   * Abroad: what the session's processes have of files that cannot be taken elsewhere.
   *
   * @param pids theirs, of this host
   */
  List<Refusal> check(SessionId session, List<Integer> pids);

  /**
   * Abroad, when the session's processes stand still: returns when the home has all that they wrote
   * to files, those that they have mapped too.
   *
   * @throws java.io.UncheckedIOException when the home cannot be asked
   */
  void send(SessionId session);

  /**
   * Abroad: returns when what has happened to files until now, wherever, is seen here.
   *
   * @throws java.io.UncheckedIOException when the home cannot be asked
   */
  void learn(SessionId session);
}
