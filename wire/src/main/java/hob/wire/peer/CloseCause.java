package hob.wire.peer;

import java.time.Duration;

/** Why a connection is no more. */
public sealed interface CloseCause {
  /** One line for a log or an error message, without the peer's name. */
  String describe();

  /** This side closed it. */
  record ClosedHere(String reason) implements CloseCause {
    @Override
    public String describe() {
      return "closed here: " + reason;
    }
  }

  /** The peer closed it and said why. */
  record ClosedThere(String reason) implements CloseCause {
    @Override
    public String describe() {
      return "closed by the peer: " + reason;
    }
  }

  /** The link broke, or the peer's daemon died: it ended without a farewell. */
  record Lost(Throwable cause) implements CloseCause {
    @Override
    public String describe() {
      return "lost: " + cause.getMessage();
    }
  }

  /** Nothing was heard of the peer for so long that it counts as gone. */
  record Silent(Duration silence) implements CloseCause {
    @Override
    public String describe() {
      return "nothing heard for " + silence.toMillis() + " ms";
    }
  }

  /** The peer sent what the protocol does not allow. */
  record Misspoken(WireException cause) implements CloseCause {
    @Override
    public String describe() {
      return cause.getMessage();
    }
  }
}
