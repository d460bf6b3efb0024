package hob.daemon.control;

import com.google.protobuf.Message;
import hob.daemon.DaemonConfig;
import hob.daemon.exec.Dispatcher;
import hob.daemon.peer.Peers;
import hob.home.Engine;
import hob.migration.Migration;
import hob.wire.Connection;
import hob.wire.Handler;
import hob.wire.MessageTypes;
import hob.wire.Reply;
import hob.wire.peer.Peer;
import hob.wire.peer.WireException;
import hob.wire.proto.AbandonReply;
import hob.wire.proto.AbandonRequest;
import hob.wire.proto.AdoptReply;
import hob.wire.proto.AdoptRequest;
import hob.wire.proto.Caller;
import hob.wire.proto.ClockReply;
import hob.wire.proto.ClockRequest;
import hob.wire.proto.FaultArmRequest;
import hob.wire.proto.FaultClearRequest;
import hob.wire.proto.FaultReply;
import hob.wire.proto.FaultStateRequest;
import hob.wire.proto.HostsReply;
import hob.wire.proto.HostsRequest;
import hob.wire.proto.ImageReply;
import hob.wire.proto.ImageRequest;
import hob.wire.proto.LogReply;
import hob.wire.proto.LogRequest;
import hob.wire.proto.MigrateReply;
import hob.wire.proto.MigrateRequest;
import hob.wire.proto.PsReply;
import hob.wire.proto.PsRequest;
import hob.wire.proto.SessionsReply;
import hob.wire.proto.SessionsRequest;
import hob.wire.proto.StatusReply;
import hob.wire.proto.StatusRequest;
import hob.wire.proto.StreamAck;
import hob.wire.proto.StreamItem;
import hob.wire.proto.StreamOpen;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;

/** Takes requests from commands and from other daemons. Any thread. */
public final class Control {
  private static final System.Logger LOG = System.getLogger(Control.class.getName());
  private static final int MOST_LOG_LINES = 10_000;
  private static final long LOG_TAIL_BYTES = 4L << 20;

  private final DaemonConfig config;
  private final String version;
  private final Migration migration;
  private final Verbs verbs;
  private final Images images;
  private final Callers callers;
  private final Optional<ArmedFaults> faults;
  private final Executor executor;
  private final long startedNanos = System.nanoTime();
  private volatile boolean ready;
  private volatile boolean warm;

  /**
   * Makes the control of one daemon.
   *
   * @param faults present when tests may inject faults
   * @param executor of platform threads, as many as it takes
   */
  public Control(
      DaemonConfig config,
      String version,
      Engine engine,
      Dispatcher dispatcher,
      Peers peers,
      Migration migration,
      Optional<ArmedFaults> faults,
      Executor executor) {
    this.config = config;
    this.version = version;
    this.migration = migration;
    this.verbs = new Verbs(config.name(), engine, dispatcher, peers, migration);
    this.images = new Images(config.name(), engine);
    this.callers = new Callers(config.state());
    this.faults = faults;
    this.executor = executor;
  }

  /** All messages that daemons and commands exchange. */
  public static MessageTypes messageTypes() {
    return MessageTypes.of(
        StreamOpen.getDefaultInstance(),
        StreamItem.getDefaultInstance(),
        StreamAck.getDefaultInstance(),
        ClockRequest.getDefaultInstance(),
        ClockReply.getDefaultInstance(),
        MigrateRequest.getDefaultInstance(),
        MigrateReply.getDefaultInstance(),
        AdoptRequest.getDefaultInstance(),
        AdoptReply.getDefaultInstance(),
        AbandonRequest.getDefaultInstance(),
        AbandonReply.getDefaultInstance(),
        PsRequest.getDefaultInstance(),
        PsReply.getDefaultInstance(),
        ImageRequest.getDefaultInstance(),
        ImageReply.getDefaultInstance(),
        HostsRequest.getDefaultInstance(),
        HostsReply.getDefaultInstance(),
        LogRequest.getDefaultInstance(),
        LogReply.getDefaultInstance(),
        StatusRequest.getDefaultInstance(),
        StatusReply.getDefaultInstance(),
        SessionsRequest.getDefaultInstance(),
        SessionsReply.getDefaultInstance(),
        FaultArmRequest.getDefaultInstance(),
        FaultClearRequest.getDefaultInstance(),
        FaultStateRequest.getDefaultInstance(),
        FaultReply.getDefaultInstance());
  }

  /** All that an earlier daemon left is taken up. */
  public void ready() {
    ready = true;
  }

  /** The first move will be as fast as others. */
  public void warm() {
    warm = true;
  }

  /** Admits a command on the unix socket. */
  public Handler admit(Peer peer) throws WireException.Refused {
    try {
      int uid =
          callers.uid(
              peer.principal()
                  .orElseThrow(() -> new WireException.Refused("the caller is not known"))
                  .user());
      return new CommandHandler(Caller.newBuilder().setUid(uid).build());
    } catch (Problem e) {
      throw new WireException.Refused(String.valueOf(e.getMessage()));
    }
  }

  /** A request of another daemon, in the name of the user that it names. */
  public void request(String peer, Message request, Reply reply) {
    executor.execute(() -> answer(request, reply, false, false));
  }

  private void answer(Message request, Reply reply, boolean local, boolean fromRoot) {
    try {
      switch (request) {
        case MigrateRequest r -> reply.ok(verbs.migrate(r));
        case AdoptRequest r -> reply.ok(verbs.adopt(r));
        case AbandonRequest r -> reply.ok(verbs.abandon(r));
        case ImageRequest r when local -> reply.ok(images.write(r));
        case SessionsRequest _ -> reply.ok(verbs.sessions());
        case PsRequest _ -> reply.ok(verbs.ps());
        case HostsRequest _ -> reply.ok(verbs.hosts());
        case LogRequest r -> reply.ok(log(r));
        case StatusRequest _ -> reply.ok(status());
        case FaultArmRequest r -> reply.ok(faults(fromRoot).arm(r));
        case FaultClearRequest _ -> reply.ok(faults(fromRoot).clear());
        case FaultStateRequest _ -> reply.ok(faults(fromRoot).state());
        default ->
            throw new Problem(
                Problem.Kind.FAILED,
                request.getDescriptorForType().getName() + " is no request of a command");
      }
    } catch (Problem e) {
      reply.fail(e.kind().name(), String.valueOf(e.getMessage()));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      reply.fail(Problem.Kind.FAILED.name(), "the daemon shuts down");
    } catch (IOException | RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "cannot carry out " + request.getClass(), e);
      reply.fail(Problem.Kind.FAILED.name(), "the daemon failed: " + e + "; see hob log");
    }
  }

  private ArmedFaults faults(boolean fromRoot) throws Problem {
    if (faults.isEmpty() || !fromRoot) {
      throw new Problem(
          Problem.Kind.NOT_PERMITTED,
          "faults are for root, and only where the configuration says testing.faults = true");
    }
    return faults.get();
  }

  private StatusReply status() {
    return StatusReply.newBuilder()
        .setHost(config.name())
        .setVersion(version)
        .setPid((int) ProcessHandle.current().pid())
        .setUptimeMillis((System.nanoTime() - startedNanos) / 1_000_000)
        .setReady(ready)
        .setWarm(warm)
        .setMovesUnderWay(migration.underWay())
        .setCpus(Runtime.getRuntime().availableProcessors())
        .build();
  }

  private LogReply log(LogRequest request) throws IOException, Problem {
    Path file = config.log();
    if (file.toString().isEmpty()) {
      throw new Problem(Problem.Kind.FAILED, "this daemon logs to its standard error");
    }
    long size = Files.size(file);
    try (var channel = Files.newByteChannel(file)) {
      channel.position(Math.max(0, size - LOG_TAIL_BYTES));
      var buffer = java.nio.ByteBuffer.allocate((int) Math.min(size, LOG_TAIL_BYTES));
      while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
        // Reads on.
      }
      List<String> lines =
          java.nio.charset.StandardCharsets.UTF_8.decode(buffer.flip()).toString().lines().toList();
      int most = Math.clamp(request.getLines(), 1, MOST_LOG_LINES);
      return LogReply.newBuilder()
          .addAllLines(lines.subList(Math.max(0, lines.size() - most), lines.size()))
          .build();
    }
  }

  /** Requests of one command. */
  private final class CommandHandler implements Handler {
    private final Caller caller;

    CommandHandler(Caller caller) {
      this.caller = caller;
    }

    @Override
    public void message(Connection connection, Message message) {
      LOG.log(System.Logger.Level.DEBUG, "a command sent {0}", message.getClass());
    }

    @Override
    public void request(Connection connection, Message request, Reply reply) {
      Message named =
          switch (request) {
            case MigrateRequest r -> r.toBuilder().setCaller(caller).build();
            case AdoptRequest r -> r.toBuilder().setCaller(caller).build();
            case AbandonRequest r -> r.toBuilder().setCaller(caller).build();
            case ImageRequest r -> r.toBuilder().setCaller(caller).build();
            default -> request;
          };
      executor.execute(() -> answer(named, reply, true, caller.getUid() == 0));
    }
  }
}
