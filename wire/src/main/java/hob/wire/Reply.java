package hob.wire;

import com.google.protobuf.Message;
import hob.wire.peer.WireException;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Answers one request, once. Any thread may do so.
 *
 * <p>If the connection has gone meanwhile, the answer goes nowhere: the caller has been told.
 */
public final class Reply {
  private static final System.Logger LOG = System.getLogger(Reply.class.getName());

  private final Connection connection;
  private final long id;
  private final AtomicBoolean given = new AtomicBoolean();

  Reply(Connection connection, long id) {
    this.connection = connection;
    this.id = id;
  }

  /**
   * Answers with a message.
   *
   * @throws IllegalStateException if an answer was given before
   */
  public void ok(Message message) {
    give(Letter.of(0, id, message));
  }

  /**
   * Answers that the request was not carried out.
   *
   * @param kind a word for programs
   * @param message one line for a person
   */
  public void fail(String kind, String message) {
    give(Letter.failure(id, kind, message));
  }

  /** Whether an answer was given. */
  public boolean isGiven() {
    return given.get();
  }

  /** Answers an exception that nobody caught, unless an answer was given. */
  void failIfOpen(RuntimeException e) {
    if (!isGiven()) {
      fail(WireException.CallFailed.INTERNAL, e.toString());
    }
  }

  private void give(Letter letter) {
    if (!given.compareAndSet(false, true)) {
      throw new IllegalStateException("a second answer to one request");
    }
    try {
      connection.write(letter);
    } catch (WireException.TooLong e) {
      sendInstead(e);
    } catch (WireException e) {
      LOG.log(Level.DEBUG, "an answer came too late", e);
    }
  }

  private void sendInstead(WireException.TooLong problem) {
    try {
      connection.write(Letter.failure(id, WireException.CallFailed.INTERNAL, problem.getMessage()));
    } catch (WireException e) {
      e.addSuppressed(problem);
      LOG.log(Level.DEBUG, "an answer came too late", e);
    }
  }
}
