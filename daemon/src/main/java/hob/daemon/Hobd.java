package hob.daemon;

import com.google.protobuf.Message;
import hob.daemon.control.ArmedFaults;
import hob.daemon.control.Control;
import hob.daemon.exec.Dispatcher;
import hob.daemon.exec.Reception;
import hob.daemon.files.FileTraffic;
import hob.daemon.net.PacketLinks;
import hob.daemon.peer.PeerLink;
import hob.daemon.peer.PeerListener;
import hob.daemon.peer.Peers;
import hob.home.Capacity;
import hob.home.Engine;
import hob.home.EngineMessage;
import hob.home.ForeignGroups;
import hob.home.KernelEngine;
import hob.home.SessionId;
import hob.home.net.HostNetwork;
import hob.linux.ProcFs;
import hob.migration.Migration;
import hob.migration.Timeouts;
import hob.migration.fault.Faults;
import hob.migration.journal.Journal;
import hob.migration.message.Codec;
import hob.wire.Endpoint;
import hob.wire.Reply;
import hob.wire.peer.HostInfo;
import hob.wire.proto.EngineCargo;
import hob.wire.proto.StreamItem;
import hob.wire.tls.Identity;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One running daemon. */
public final class Hobd implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Hobd.class.getName());

  /** So many signs of life fit into the silence after which a peer counts as gone. */
  private static final int BEATS = 8;

  /** Enough for the compiler to see what is hot; not so much that a slow machine is kept busy. */
  private static final WarmUp.Part QUICK = new WarmUp.Part(30, Duration.ofSeconds(5));

  /** Enough for it to have compiled that. */
  private static final WarmUp.Part IDLE = new WarmUp.Part(400, Duration.ofMinutes(2));

  private final DaemonConfig config;
  private final ExecutorService executor;
  private final ScheduledThreadPoolExecutor timer;
  private final Journal journal;
  private final Endpoint endpoint;
  private final Peers peers;
  private final PacketLinks packets;
  private final FileTraffic files;
  private final Engine engine;
  private final Migration migration;
  private final Dispatcher dispatcher;
  private final Control control;
  private final HomeWatch watch;
  private @Nullable Reception reception;
  private @Nullable WarmUp warmUp;

  private Hobd(DaemonConfig config) throws IOException {
    this.config = config;
    executor =
        Executors.newCachedThreadPool(Thread.ofPlatform().daemon().name("hob-", 0).factory());
    timer =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("hob-timer").factory());
    timer.setRemoveOnCancelPolicy(true);
    Files.createDirectories(config.state());
    String bootId = ProcFs.text("/proc/sys/kernel/random/boot_id").strip();
    journal = Journal.open(config.state().resolve("journal"), bootId);
    endpoint =
        Endpoint.builder(self(config), Control.messageTypes())
            .identity(Identity.load(config.tls()))
            .version(config.protocol())
            .beat(config.silence().dividedBy(BEATS), config.silence())
            .open();
    peers = new Peers(config.name(), config.peers(), endpoint, executor, timer);
    files =
        new FileTraffic(
            config.shared(),
            config.run().resolve("homes"),
            executor,
            peers::send,
            peer -> peers.find(peer).flatMap(PeerLink::connection).isPresent());
    packets = new PacketLinks(endpoint, p -> peers.find(p).flatMap(PeerLink::address));
    HostNetwork network = HostNetwork.over(packets, executor);
    packets.tell(network);
    KernelEngine kernel =
        new KernelEngine(
            peers,
            config.run().resolve("sessions"),
            Capacity.without(config.hiddenCpuFlags()).in(new ForeignGroups(config.foreignGroups())),
            files,
            network);
    engine = kernel;
    Optional<ArmedFaults> faults =
        config.faults()
            ? Optional.of(new ArmedFaults(config.listen().getAddress(), timer))
            : Optional.empty();
    migration =
        new Migration(
            engine,
            peers,
            journal,
            Timeouts.standard(),
            faults.isPresent() ? faults.get() : Faults.NONE,
            executor,
            timer,
            System.Logger.Level.INFO);
    dispatcher = new Dispatcher(config, peers, kernel, migration, executor);
    control =
        new Control(config, Main.VERSION, engine, dispatcher, peers, migration, faults, executor);
    watch = new HomeWatch(config.name(), engine, peers, config.lostAfter());
    peers.tell(new Ears(), files, this::ended, m -> engine.receive(config.name(), m));
  }

  private static HostInfo self(DaemonConfig config) {
    return new HostInfo(
        config.name(), System.getProperty("os.arch"), new SecureRandom().nextLong(), Set.of());
  }

  /** Starts a daemon; returns when it answers commands. */
  public static Hobd start(DaemonConfig config) throws IOException {
    Hobd hobd = new Hobd(config);
    hobd.files.start(config.peers().keySet(), hobd.engine::homeFilesLost);
    hobd.migration.recover(hobd.engine.recover());
    SocketAddress address =
        hobd.endpoint
            .listen(
                config.listen(),
                peer -> hobd.peers.admit(peer.name()),
                peer -> hobd.packets.admit(peer.name()))
            .address();
    hobd.peers.start();
    var _ =
        hobd.timer.scheduleWithFixedDelay(
            () -> hobd.executor.execute(hobd.watch::look), 1, 1, TimeUnit.SECONDS);
    hobd.dispatcher.recover();
    hobd.reception = new Reception(config.run(), hobd.dispatcher, hobd.executor, hobd.timer);
    hobd.listenToCommands();
    LOG.log(
        System.Logger.Level.INFO,
        "hobd {0} of host {1} is up, pid {2}",
        Main.VERSION,
        config.name(),
        Long.toString(ProcessHandle.current().pid()));
    hobd.control.ready();
    if (config.warmUp()) {
      WarmUp warmUp =
          new WarmUp(
              hobd.endpoint, address, config.run().resolve("warm-up"), hobd.executor, hobd.timer);
      hobd.warmUp = warmUp;
      hobd.executor.execute(() -> hobd.warm(warmUp));
    }
    return hobd;
  }

  private void ended(SessionId session) {
    files.ended(session);
    dispatcher.ended(session);
    migration.ended(session);
  }

  private void listenToCommands() throws IOException {
    Path socket = config.control();
    Files.createDirectories(socket.toAbsolutePath().getParent());
    endpoint.listen(UnixDomainSocketAddress.of(socket), control::admit);
    Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-rw-rw-"));
  }

  private void warm(WarmUp warmUp) {
    warmUp.run(QUICK, control::warm, IDLE, () -> engine.sessions().isEmpty());
  }

  /** Ends the daemon; all processes run on. */
  @Override
  public void close() throws IOException {
    LOG.log(System.Logger.Level.INFO, "hobd of host {0} ends", config.name());
    if (reception != null) {
      reception.close();
    }
    if (warmUp != null) {
      try {
        warmUp.stop();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
    peers.close();
    files.close();
    endpoint.close();
    engine.close();
    packets.close();
    journal.close();
    timer.shutdownNow();
    executor.shutdown();
  }

  /** Hands what peers say to whom it concerns. */
  private final class Ears implements PeerListener {
    @Override
    public void up(String peer, boolean newDaemon) {
      if (newDaemon) {
        files.renewed(peer);
      }
      engine.reconnected(peer);
      migration.up(peer, newDaemon);
      executor.execute(() -> dispatcher.up(peer));
      executor.execute(watch::look);
    }

    @Override
    public void down(String peer, String why) {
      dispatcher.down(peer);
      migration.down(peer, why);
    }

    @Override
    public void item(String peer, StreamItem item) {
      switch (item.getBodyCase()) {
        case MIGRATION ->
            files.inOrder(peer, () -> migration.hear(peer, Codec.decode(item.getMigration())));
        case ENGINE -> files.inOrder(peer, () -> engine.receive(peer, message(item.getEngine())));
        case FILES -> files.heard(peer, item.getFiles());
        case BODY_NOT_SET ->
            LOG.log(System.Logger.Level.WARNING, "{0} sent an item of another version", peer);
      }
    }

    private static EngineMessage message(EngineCargo cargo) {
      return new EngineMessage(
          SessionId.parse(cargo.getSession()),
          cargo.getIncarnation(),
          cargo.getPayload().toByteArray());
    }

    @Override
    public void request(String peer, Message request, Reply reply) {
      control.request(peer, request, reply);
    }
  }
}
