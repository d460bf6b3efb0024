package hob.wire;

import hob.wire.peer.Peer;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;

/** Exceptions of handlers: a mistake there must not end the connection. */
final class Mishap {
  private static final System.Logger LOG = System.getLogger(Mishap.class.getName());

  private Mishap() {}

  /** Runs a handler's method; logs and returns what it throws. */
  static @Nullable RuntimeException in(Peer peer, Runnable handling) {
    try {
      handling.run();
      return null;
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "handling a message from " + peer.name() + " failed", e);
      return e;
    }
  }
}
