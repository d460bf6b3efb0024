package hob.daemon.control;

import hob.daemon.exec.Dispatcher;
import hob.daemon.peer.PeerLink;
import hob.daemon.peer.Peers;
import hob.home.Engine;
import hob.home.SessionId;
import hob.home.SessionView;
import hob.image.Refusal;
import hob.migration.Migration;
import hob.migration.home.Outcome;
import hob.wire.Connection;
import hob.wire.peer.WireException;
import hob.wire.proto.AbandonReply;
import hob.wire.proto.AbandonRequest;
import hob.wire.proto.AdoptReply;
import hob.wire.proto.AdoptRequest;
import hob.wire.proto.HostLine;
import hob.wire.proto.HostsReply;
import hob.wire.proto.MigrateReply;
import hob.wire.proto.MigrateRequest;
import hob.wire.proto.ProcessLine;
import hob.wire.proto.PsReply;
import hob.wire.proto.SessionLine;
import hob.wire.proto.SessionsReply;
import hob.wire.proto.SessionsRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;

/** Carries requests out. Any thread; blocks. */
final class Verbs {
  private static final Duration FORWARD = Duration.ofMinutes(30);
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final long PAGE = 4096;
  private static final String USUAL_STRATEGY = "eager";

  private final String self;
  private final Engine engine;
  private final Dispatcher dispatcher;
  private final Peers peers;
  private final Migration migration;
  private final Locator locator;

  /** Sessions that a user asked for by name and that have not moved yet. */
  private final Set<SessionId> adopted = ConcurrentHashMap.newKeySet();

  Verbs(String self, Engine engine, Dispatcher dispatcher, Peers peers, Migration migration) {
    this.self = self;
    this.engine = engine;
    this.dispatcher = dispatcher;
    this.peers = peers;
    this.migration = migration;
    this.locator = new Locator(self, engine);
  }

  MigrateReply migrate(MigrateRequest request) throws Problem, InterruptedException {
    Subject subject = locator.find(request.getPid(), request.getHome());
    locator.permit(subject, request.getCaller().getUid());
    SessionId session = subject.session();
    if (!session.home().equals(self)) {
      return forward(
          session.home(),
          request.toBuilder().setPid(subject.pid()).setHome(session.home()).build());
    }
    String target = request.getTarget().equals("home") ? self : request.getTarget();
    String source = migration.location(session);
    if (target.equals(source)) {
      throw new Problem(
          Problem.Kind.POINTLESS, "pid %d is on %s already".formatted(subject.pid(), target));
    }
    reach(target);
    reach(source);
    if (source.equals(self)) {
      refuse(subject, engine.check(session.pid()));
    }
    String strategy = request.getStrategy().isEmpty() ? USUAL_STRATEGY : request.getStrategy();
    try {
      Outcome outcome =
          migration.move(session, session.pid(), target, strategy, request.getCheckOnly()).get();
      adopted.remove(session);
      return reply(subject, outcome);
    } catch (ExecutionException e) {
      throw new Problem(Problem.Kind.FAILED, String.valueOf(e.getCause()));
    }
  }

  private MigrateReply reply(Subject subject, Outcome outcome) throws Problem {
    MigrateReply.Builder reply =
        MigrateReply.newBuilder()
            .setPid(subject.pid())
            .setSession(subject.session().toString())
            .setProcesses(
                (int)
                    engine.sessions().stream()
                        .filter(s -> s.session().equals(subject.session()))
                        .mapToLong(s -> s.processes().size())
                        .sum());
    return switch (outcome) {
      case Outcome.Moved m ->
          reply
              .setFrom(m.from())
              .setTo(m.to())
              .setFreezeNanos(m.freezeNanos())
              .setTotalNanos(m.totalNanos())
              .setPages(m.pageBytes() / PAGE)
              .setBytes(m.pageBytes() + m.imageBytes())
              .build();
      case Outcome.Movable m -> reply.setFrom(m.from()).setTo(m.to()).build();
      case Outcome.Refused r -> throw refusal(subject, r.reasons());
      case Outcome.Pointless(String why) ->
          throw new Problem(Problem.Kind.POINTLESS, "pid %d: %s".formatted(subject.pid(), why));
      case Outcome.Failed(String why) ->
          throw new Problem(
              Problem.Kind.FAILED, "pid %d did not move: %s".formatted(subject.pid(), why));
    };
  }

  private static void refuse(Subject subject, List<Refusal> reasons) throws Problem {
    if (!reasons.isEmpty()) {
      throw refusal(subject, reasons);
    }
  }

  private static Problem refusal(Subject subject, List<Refusal> reasons) {
    String all = reasons.stream().map(Refusal::toString).collect(Collectors.joining("; "));
    if (reasons.stream().allMatch(r -> r.kind().equals(Refusal.ENDED))) {
      return new Problem(Problem.Kind.NO_PROCESS, all);
    }
    return new Problem(
        Problem.Kind.CANNOT_MOVE, "pid %d cannot move: %s".formatted(subject.pid(), all));
  }

  private void reach(String host) throws Problem {
    if (host.equals(self)) {
      return;
    }
    if (peers.find(host).isEmpty()) {
      Set<String> known = new TreeSet<>(peers.all().stream().map(PeerLink::name).toList());
      known.add(self);
      throw new Problem(
          Problem.Kind.UNKNOWN_HOST,
          "no host is called '%s'; there are %s".formatted(host, String.join(", ", known)));
    }
    String problem = peers.reach(host);
    if (!problem.isEmpty()) {
      throw new Problem(
          Problem.Kind.UNREACHABLE, "%s cannot be reached: %s".formatted(host, problem));
    }
  }

  private MigrateReply forward(String home, MigrateRequest request)
      throws Problem, InterruptedException {
    reach(home);
    try {
      return connection(home).call(request, MigrateReply.class, FORWARD);
    } catch (WireException e) {
      throw problem(e);
    }
  }

  private Connection connection(String host) throws Problem {
    return peers
        .find(host)
        .flatMap(PeerLink::connection)
        .orElseThrow(() -> new Problem(Problem.Kind.UNREACHABLE, host + " cannot be reached"));
  }

  private static Problem problem(WireException e) {
    if (e instanceof WireException.CallFailed failed) {
      for (Problem.Kind kind : Problem.Kind.values()) {
        if (kind.name().equals(failed.kind())) {
          return new Problem(kind, e.getMessage());
        }
      }
    }
    return new Problem(Problem.Kind.UNREACHABLE, e.getMessage());
  }

  AdoptReply adopt(AdoptRequest request) throws Problem {
    Subject subject = locator.find(request.getPid(), "");
    locator.permit(subject, request.getCaller().getUid());
    if (subject.session().home().equals(self)) {
      adopted.add(subject.session());
    }
    return AdoptReply.newBuilder().setSession(subject.session().toString()).build();
  }

  AbandonReply abandon(AbandonRequest request) throws Problem, InterruptedException {
    Subject subject = locator.find(request.getPid(), request.getHome());
    locator.permit(subject, request.getCaller().getUid());
    String home = subject.session().home();
    if (!home.equals(self)) {
      reach(home);
      try {
        return connection(home)
            .call(request.toBuilder().setHome(home).build(), AbandonReply.class, FORWARD);
      } catch (WireException e) {
        throw problem(e);
      }
    }
    boolean here =
        engine.sessions().stream()
            .filter(s -> s.session().equals(subject.session()))
            .allMatch(SessionView::here);
    if (here && migration.location(subject.session()).equals(self)) {
      throw new Problem(
          Problem.Kind.POINTLESS,
          "pid %d runs on %s, its home: there is nothing to give up"
              .formatted(subject.pid(), self));
    }
    migration.abandon(subject.session());
    return AbandonReply.newBuilder().setSession(subject.session().toString()).build();
  }

  // ------------------------------------------------------------------ tables

  /** The sessions that this host knows of. */
  SessionsReply sessions() {
    SessionsReply.Builder reply = SessionsReply.newBuilder();
    Set<SessionId> seen = ConcurrentHashMap.newKeySet();
    List<SessionView> all = new ArrayList<>(engine.sessions());
    Set<SessionId> moved =
        all.stream().map(SessionView::session).collect(Collectors.toUnmodifiableSet());
    dispatcher.families().stream().filter(s -> !moved.contains(s.session())).forEach(all::add);
    for (SessionView s : all) {
      seen.add(s.session());
      SessionLine.Builder line =
          SessionLine.newBuilder()
              .setSession(s.session().toString())
              .setIncarnation(s.incarnation())
              .setLocation(s.location())
              .setHere(s.here());
      s.processes().forEach(p -> line.addProcesses(line(s, p)));
      reply.addSessions(line);
    }
    return reply.build();
  }

  private static ProcessLine line(SessionView s, SessionView.ProcessView p) {
    return ProcessLine.newBuilder()
        .setSession(s.session().toString())
        .setPid(p.pid())
        .setPpid(p.ppid())
        .setHome(s.session().home())
        .setHost(s.location())
        .setState(String.valueOf(p.state()))
        .setCpuMillis(p.cpuMillis())
        .setRssBytes(p.rssBytes())
        .setCommand(p.command())
        .build();
  }

  /** All processes of all sessions, as the hosts know them on which they run. */
  PsReply ps() throws InterruptedException {
    Map<String, SessionLine> best = new LinkedHashMap<>();
    merge(best, self, sessions());
    for (PeerLink peer : peers.all()) {
      Optional<Connection> connection = peer.connection();
      if (connection.isPresent()) {
        try {
          merge(
              best,
              peer.name(),
              connection
                  .get()
                  .call(SessionsRequest.getDefaultInstance(), SessionsReply.class, LOOK));
        } catch (WireException _) {
          // A host that does not answer is shown as its homes know it.
        }
      }
    }
    List<ProcessLine> all = new ArrayList<>();
    best.values().forEach(s -> all.addAll(s.getProcessesList()));
    return PsReply.newBuilder().addAllProcesses(all).build();
  }

  /** The host on which it runs knows best. */
  private static void merge(Map<String, SessionLine> best, String host, SessionsReply reply) {
    for (SessionLine s : reply.getSessionsList()) {
      SessionLine other = best.get(s.getSession());
      if (other == null || (s.getHere() && s.getIncarnation() >= other.getIncarnation())) {
        SessionLine.Builder line = s.toBuilder().clearProcesses();
        for (ProcessLine p : s.getProcessesList()) {
          line.addProcesses(s.getHere() ? p.toBuilder().setHost(host).build() : p);
        }
        best.put(s.getSession(), line.build());
      }
    }
  }

  HostsReply hosts() {
    HostsReply.Builder reply =
        HostsReply.newBuilder()
            .addHosts(HostLine.newBuilder().setName(self).setState("here").setGuests(guests()));
    for (PeerLink peer : peers.all()) {
      boolean up = peer.connection().isPresent();
      reply.addHosts(
          HostLine.newBuilder()
              .setName(peer.name())
              .setAddress(peer.address().map(a -> a.getHostString() + ":" + a.getPort()).orElse(""))
              .setState(up ? "up" : "down")
              .setSinceMillis((System.nanoTime() - peer.sinceNanos()) / 1_000_000)
              .setRoundTripMicros(up ? peers.roundTripMicros(peer.name()) : 0)
              .setGuests(up ? guestsOf(peer.name()) : 0)
              .setProblem(peer.problem()));
    }
    return reply.build();
  }

  private int guests() {
    return (int)
        engine.sessions().stream()
            .filter(s -> s.here() && !s.session().home().equals(self))
            .mapToLong(s -> s.processes().size())
            .sum();
  }

  private int guestsOf(String host) {
    return (int)
        engine.sessions().stream()
            .filter(s -> s.location().equals(host) && s.session().home().equals(self))
            .mapToLong(s -> s.processes().size())
            .sum();
  }
}
