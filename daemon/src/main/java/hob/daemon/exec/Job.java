package hob.daemon.exec;

import hob.home.SessionId;
import hob.image.Refusal;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.Kcmp;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.migration.home.Outcome;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;

/**
 * A command that is to run elsewhere: its exec is let happen and caught, and the fresh image moved.
 * Whatever goes wrong, it runs on at home.
 */
final class Job implements Runnable {
  private static final System.Logger LOG = System.getLogger(Job.class.getName());
  private static final String STRATEGY = "eager";

  private final Dispatcher dispatcher;
  private final Adoption adoption;
  private final ExecCall call;
  private final SessionId session;
  private final String host;
  private boolean proceeded;

  Job(Dispatcher dispatcher, Adoption adoption, ExecCall call, SessionId session, String host) {
    this.dispatcher = dispatcher;
    this.adoption = adoption;
    this.call = call;
    this.session = session;
    this.host = host;
    // How it went is known a moment after it began, when all may be over already.
    adoption.explanations().join();
  }

  private void proceed() {
    proceeded = true;
    adoption.calls().proceed(call.notification().id());
  }

  @Override
  public void run() {
    boolean gone = false;
    String words = adoption.explanations().wanted() ? call.words() : call.command().path();
    try {
      String obstacle = obstacleBefore();
      if (!obstacle.isEmpty()) {
        dispatcher.explain(adoption, call, "here: " + obstacle);
        return;
      }
      gone = move(words);
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "session " + session + " runs on at home", e);
    } finally {
      if (!proceeded) {
        proceed();
      }
      if (!gone) {
        dispatcher.ended(session);
      }
      adoption.explanations().close();
    }
  }

  /** Whether it runs elsewhere now. */
  private boolean move(String words) {
    if (!dispatcher.engine().hold(session, this::proceed)) {
      return false;
    }
    String why = "the daemon failed";
    try {
      why = obstacleAfter();
      if (why.isEmpty()) {
        Outcome outcome =
            dispatcher.migration().move(session, session.pid(), host, STRATEGY, false).get();
        if (outcome instanceof Outcome.Moved) {
          adoption.explanations().say(call.pid() + " " + words + ": " + host);
          return true;
        }
        why = why(outcome);
      }
    } catch (ExecutionException e) {
      why = String.valueOf(e.getCause());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    dispatcher.engine().letGo(session);
    LOG.log(System.Logger.Level.DEBUG, "{0}: {1} runs at home: {2}", session, words, why);
    adoption.explanations().say(call.pid() + " " + words + ": here: " + why);
    return false;
  }

  private static String why(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Refused(var reasons) ->
          reasons.stream().map(Refusal::sentence).collect(Collectors.joining("; "));
      case Outcome.Pointless(String why) -> why;
      case Outcome.Failed(String why) -> why;
      case Outcome.Moved _, Outcome.Movable _ -> "";
    };
  }

  /** Why the process cannot be caught; empty when it can. */
  private String obstacleBefore() {
    Map<String, String> status = ProcFs.status("/proc/" + call.pid() + "/status");
    return status.getOrDefault("Threads", "").equals("1")
            && status.getOrDefault("Tgid", "").equals(String.valueOf(call.pid()))
        ? ""
        : "has other threads";
  }

  /** Why the fresh program must stay; empty when it may go. */
  private String obstacleAfter() {
    int pid = session.pid();
    if (!ProcFs.text("/proc/" + pid + "/task/" + pid + "/children").isBlank()) {
      return "has children already";
    }
    int parent = ProcFs.stat("/proc/" + pid + "/stat").ppid();
    for (int fd : ProcFs.numbers("/proc/" + pid + "/fd")) {
      if (sharesPosition(pid, parent, fd)) {
        return "descriptor " + fd + " is a file whose position it shares with its parent";
      }
    }
    return "";
  }

  /** Whether both read from or write to a file where the other one left off. */
  private static boolean sharesPosition(int pid, int parent, int fd) {
    try {
      if (!FileStat.of("/proc/" + pid + "/fd/" + fd).isRegular()) {
        return false;
      }
      String info = ProcFs.text("/proc/" + pid + "/fdinfo/" + fd);
      int at = info.indexOf("flags:") + 6;
      int flags = (int) Long.parseLong(info.substring(at, info.indexOf('\n', at)).strip(), 8);
      return (flags & (Fd.O_APPEND | Fd.O_PATH)) == 0
          && Kcmp.compare(pid, parent, Kcmp.FILE, fd, fd) == 0;
    } catch (LinuxException _) {
      // The parent has no such descriptor.
      return false;
    }
  }
}
