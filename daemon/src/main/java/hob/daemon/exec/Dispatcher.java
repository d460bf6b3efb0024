package hob.daemon.exec;

import hob.daemon.DaemonConfig;
import hob.daemon.peer.PeerLink;
import hob.daemon.peer.Peers;
import hob.home.RemoteInvocation;
import hob.home.SessionId;
import hob.home.SessionView;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.linux.SeccompListener;
import hob.linux.SeccompListener.Notification;
import hob.migration.Migration;
import hob.policy.Slots;
import hob.policy.Verdict;
import hob.wire.Connection;
import hob.wire.peer.WireException;
import hob.wire.proto.StatusReply;
import hob.wire.proto.StatusRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;

/** Decides for each exec of the adopted sessions where it goes. Any thread. */
public final class Dispatcher {
  private static final System.Logger LOG = System.getLogger(Dispatcher.class.getName());
  private static final Duration LOOK = Duration.ofSeconds(3);

  private final DaemonConfig config;
  private final Peers peers;
  private final RemoteInvocation engine;
  private final Migration migration;
  private final Executor executor;
  private final AdoptionFiles files;
  private final Slots slots = new Slots();
  private final Map<SessionId, Adoption> adoptions = new ConcurrentHashMap<>();

  /** Hosts that jobs were sent to, until they end. */
  private final Map<SessionId, String> jobs = new ConcurrentHashMap<>();

  public Dispatcher(
      DaemonConfig config,
      Peers peers,
      RemoteInvocation engine,
      Migration migration,
      Executor executor) {
    this.config = config;
    this.peers = peers;
    this.engine = engine;
    this.migration = migration;
    this.executor = executor;
    this.files = new AdoptionFiles(config.run().resolve("adoptions"));
  }

  /** Hears again of the sessions that an earlier daemon adopted. */
  public void recover() {
    for (AdoptionFiles.Note note : files.all()) {
      try {
        SeccompListener listener = note.takeOver();
        listen(new Adoption(note.session(), listener, "", Explanations.none()));
        LOG.log(System.Logger.Level.INFO, "session {0}: its execs are heard again", note.session());
      } catch (LinuxException e) {
        LOG.log(
            System.Logger.Level.DEBUG,
            "session {0} has ended: {1}",
            note.session(),
            e.getMessage());
        files.forget(note.session());
      }
    }
  }

  /** Starts to hear of a session's execs. */
  void listen(Adoption adoption) {
    SessionId session = adoption.session();
    adoptions.put(session, adoption);
    files.save(session, adoption.keep());
    adoption.start(
        this::decide,
        a -> {
          adoptions.remove(session, a);
          files.forget(session);
          LOG.log(System.Logger.Level.DEBUG, "session {0} has ended", session);
        });
  }

  /** The adopted sessions' processes that run here. */
  public List<SessionView> families() {
    return adoptions.keySet().stream()
        .map(engine::family)
        .filter(v -> !v.processes().isEmpty())
        .toList();
  }

  /** Why nothing can be sent to a host; empty when it can. */
  String obstacle(String host) {
    if (host.isEmpty() || host.equals(config.name()) || connection(host).isPresent()) {
      return "";
    }
    return peers.find(host).isEmpty()
        ? "no host is called " + host
        : host + " cannot be reached; see: hob hosts";
  }

  /** A host can be reached, from now on. Blocks. */
  public void up(String host) {
    Integer size = config.placement().slots().get(host);
    if (size == null) {
      size = cpus(host);
    }
    slots.size(host, size);
  }

  /** A host cannot be reached any more. */
  public void down(String host) {
    slots.gone(host);
  }

  private int cpus(String host) {
    Optional<Connection> connection = connection(host);
    if (connection.isEmpty()) {
      return 0;
    }
    try {
      return connection
          .get()
          .call(StatusRequest.getDefaultInstance(), StatusReply.class, LOOK)
          .getCpus();
    } catch (WireException e) {
      LOG.log(System.Logger.Level.DEBUG, "{0} does not tell its CPUs: {1}", host, e.getMessage());
      return 0;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      return 0;
    }
  }

  private Optional<Connection> connection(String host) {
    return peers.find(host).flatMap(PeerLink::connection);
  }

  /** A session ended: its slot is free. */
  public void ended(SessionId session) {
    String host = jobs.remove(session);
    if (host != null) {
      slots.give(host);
    }
  }

  /** On the session's thread: must not block. */
  private void decide(Adoption adoption, Notification n) {
    try {
      Optional<ExecCall> read = ExecCall.of(n);
      if (!adoption.calls().valid(n.id())) {
        return;
      }
      if (read.isEmpty()) {
        adoption.calls().proceed(n.id());
        return;
      }
      ExecCall call = read.get();
      Optional<String> host = host(adoption, call);
      if (host.isEmpty()) {
        adoption.calls().proceed(n.id());
      } else {
        SessionId session = sessionOf(call.pid());
        jobs.put(session, host.get());
        executor.execute(new Job(this, adoption, call, session, host.get()));
      }
    } catch (RuntimeException e) {
      adoption.calls().proceed(n.id());
      LOG.log(System.Logger.Level.DEBUG, "exec of pid " + n.tid() + " runs at home", e);
    }
  }

  /** A slot for the command; empty when it stays. */
  private Optional<String> host(Adoption adoption, ExecCall call) {
    Verdict verdict = config.placement().rules().judge(call.command());
    boolean first = call.pid() == adoption.session().pid() && !adoption.firstHost().isEmpty();
    if (first && connection(adoption.firstHost()).isPresent()) {
      slots.takeOf(adoption.firstHost());
      return Optional.of(adoption.firstHost());
    }
    return switch (verdict) {
      case Verdict.Stay(String why) -> {
        explain(adoption, call, "here: " + why);
        yield Optional.empty();
      }
      case Verdict.Go _ -> {
        Optional<String> host = slots.take(h -> connection(h).isPresent());
        if (host.isEmpty()) {
          explain(adoption, call, "here: no slot is free");
        }
        yield host;
      }
    };
  }

  /** Tells the user who wants to know. */
  void explain(Adoption adoption, ExecCall call, String where) {
    if (adoption.explanations().wanted()) {
      adoption.explanations().say(call.pid() + " " + call.words() + ": " + where);
    }
  }

  /** The session that a process is the first of. */
  SessionId sessionOf(int pid) {
    return new SessionId(config.name(), pid, ProcFs.stat("/proc/" + pid + "/stat").startTime());
  }

  RemoteInvocation engine() {
    return engine;
  }

  Migration migration() {
    return migration;
  }
}
