package hob.daemon.exec;

import hob.home.SessionId;
import hob.image.Keeper;
import hob.image.ReportedCalls;
import hob.linux.LinuxException;
import hob.linux.SeccompListener;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A session whose execs are heard. Its thread receives them, one after the other, and ends with the
 * session's last process.
 */
final class Adoption {
  private static final System.Logger LOG = System.getLogger(Adoption.class.getName());

  private final SessionId session;
  private final ReportedCalls calls;
  private final String firstHost;
  private final Explanations explanations;
  private @Nullable Keeper keeper;

  /**
   * A session.
   *
   * @param firstHost where the user wants its first command, empty for anywhere
   */
  Adoption(
      SessionId session, SeccompListener listener, String firstHost, Explanations explanations) {
    this.session = session;
    this.calls = new ReportedCalls(listener);
    this.firstHost = firstHost;
    this.explanations = explanations;
  }

  SessionId session() {
    return session;
  }

  ReportedCalls calls() {
    return calls;
  }

  String firstHost() {
    return firstHost;
  }

  Explanations explanations() {
    return explanations;
  }

  /** Starts the keeper; its pid. */
  int keep() {
    Keeper k = Keeper.start(calls);
    keeper = k;
    return k.pid();
  }

  /** Starts to listen; {@code decide} must not block. */
  void start(BiConsumer<Adoption, SeccompListener.Notification> decide, Consumer<Adoption> over) {
    Thread.ofPlatform()
        .daemon()
        .name("execs-" + session.pid())
        .start(() -> {
          try {
            while (!calls.over()) {
              if (calls.await()) {
                calls.receive().ifPresent(n -> decide.accept(this, n));
              }
            }
          } catch (LinuxException e) {
            LOG.log(System.Logger.Level.ERROR, "session " + session + ": execs are not heard", e);
          }
          end();
          over.accept(this);
        });
  }

  private void end() {
    explanations.close();
    Keeper k = keeper;
    if (k != null) {
      k.end();
    }
    calls.close();
  }
}
