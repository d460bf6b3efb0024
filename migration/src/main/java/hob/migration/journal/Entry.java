package hob.migration.journal;

import hob.home.SessionId;
import hob.migration.MoveId;
import java.util.Optional;

/** One line of the journal. */
public sealed interface Entry {

  /** As home: a move of a tree begins; nothing is decided. */
  record Begun(MoveId move, int rootPid, String source, String target) implements Entry {}

  /** As home: the session runs at {@code location} from this incarnation on. */
  record Committed(MoveId move, String location) implements Entry {}

  /**
   * As home: the move is over on all hosts; a begun one that was not committed never took place.
   */
  record Closed(MoveId move) implements Entry {}

  /** As home: the session is no more. */
  record Forgotten(SessionId session) implements Entry {}

  /** As target: the copy is about to run here. */
  record Took(MoveId move) implements Entry {}

  /** As home: incarnations below {@code limit} may have been used. */
  record Reserved(long limit) implements Entry {}

  /** A kernel booted; sessions of earlier lines ended with the one before. */
  record Booted(String bootId) implements Entry {}

  /** The line, without checksum. */
  default String text() {
    return switch (this) {
      case Begun(MoveId m, int pid, String source, String target) ->
          "begun " + words(m) + " " + pid + " " + source + " " + target;
      case Committed(MoveId m, String location) -> "committed " + words(m) + " " + location;
      case Closed(MoveId m) -> "closed " + words(m);
      case Forgotten(SessionId session) -> "forgotten " + session;
      case Took(MoveId m) -> "took " + words(m);
      case Reserved(long limit) -> "reserved " + limit;
      case Booted(String bootId) -> "booted " + bootId;
    };
  }

  /** What {@link #text} wrote; empty when it is none. */
  static Optional<Entry> parse(String text) {
    String[] w = text.split(" ", -1);
    try {
      return Optional.ofNullable(
          switch (w[0] + " " + w.length) {
            case "begun 6" -> new Begun(move(w), Integer.parseInt(w[3]), w[4], w[5]);
            case "committed 4" -> new Committed(move(w), w[3]);
            case "closed 3" -> new Closed(move(w));
            case "forgotten 2" -> new Forgotten(SessionId.parse(w[1]));
            case "took 3" -> new Took(move(w));
            case "reserved 2" -> new Reserved(Long.parseLong(w[1]));
            case "booted 2" -> new Booted(w[1]);
            default -> null;
          });
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  private static String words(MoveId move) {
    return move.session() + " " + move.incarnation();
  }

  private static MoveId move(String[] words) {
    return new MoveId(SessionId.parse(words[1]), Long.parseLong(words[2]));
  }
}
