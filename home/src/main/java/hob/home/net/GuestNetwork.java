package hob.home.net;

import com.google.protobuf.ByteString;
import hob.image.proto.SessionNetwork;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.NetworkNamespace;
import hob.linux.Poller;
import hob.linux.ProcFs;
import hob.linux.SockDiag;
import hob.linux.Socket;
import hob.linux.net.Bpf;
import hob.linux.net.Diversion;
import hob.linux.net.RawSender;
import hob.linux.net.Rtnetlink;
import hob.linux.net.Tun;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The network of a sandbox: its home's addresses on its loopback device, and a TUN device for all
 * that is not for the sandbox itself. Nothing of this host's own network can be reached from it.
 * Any thread.
 */
public final class GuestNetwork implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(GuestNetwork.class.getName());

  /** Its index in the sandbox. */
  static final int DEVICE = 2;

  private static final String NAME = "hob0";
  private static final int LOOPBACK = 1;
  private static final int BURST = 64;
  private static final int MOST_HELD = 1024;
  private static final int LISTEN = 10;

  /** States of TCP in which a socket may have something to say though nobody has it any more. */
  private static final Set<Integer> CLOSING = Set.of(4, 9, 11);

  private static final long LOOK_MILLIS = 50;
  private static final int LOOKS = 600;

  private record Parts(Tun tun, RawSender sender, Fd link, SockDiag sockets) {}

  private final String session;
  private final String home;
  private final SessionNetwork settings;
  private final Poller poller;
  private final Executor executor;
  private final Consumer<byte[]> out;
  private final CompletableFuture<Parts> parts;
  // Guarded by this.
  private @Nullable List<byte[]> held;
  private boolean closed;

  /**
   * Begins to make it; {@link #await} waits until it is there.
   *
   * @param init pid here of the sandbox's init process
   * @param program {@link Diversion#ofStrangers} to {@link #DEVICE}
   * @param out gets the packets that leave; the poller's thread
   */
  GuestNetwork(
      String session,
      String home,
      int init,
      SessionNetwork settings,
      CompletableFuture<Fd> program,
      Poller poller,
      Executor executor,
      Consumer<byte[]> out) {
    this.session = session;
    this.home = home;
    this.settings = settings;
    this.poller = poller;
    this.executor = executor;
    this.out = out;
    this.parts = program.thenApplyAsync(p -> NetworkNamespace.in(init, () -> make(p)), executor);
  }

  String session() {
    return session;
  }

  String home() {
    return home;
  }

  /** What it was made of; also for where the session goes next. */
  public SessionNetwork settings() {
    return settings;
  }

  private Parts make(Fd program) {
    Tun tun = Tun.open(NAME, DEVICE);
    try (Rtnetlink net = new Rtnetlink()) {
      for (String dumb : List.of("accept_ra 0", "addr_gen_mode 1")) {
        String[] words = dumb.split(" ");
        ProcFs.write("/proc/sys/net/ipv6/conf/" + NAME + "/" + words[0], words[1]);
      }
      int first = settings.getFirstPort();
      ProcFs.write(
          "/proc/sys/net/ipv4/ip_local_port_range",
          first + " " + (first + settings.getPorts() - 1));
      // There are few ports, and their peers' clocks tell old packets from new ones.
      ProcFs.write("/proc/sys/net/ipv4/tcp_tw_reuse", "1");
      net.up(LOOPBACK, 0, 0);
      net.up(DEVICE, settings.getMtu(), Tun.QUEUE);
      boolean[] routed = new boolean[17];
      for (ByteString a : settings.getAddressesList()) {
        byte[] address = a.toByteArray();
        net.address(LOOPBACK, address);
        if (!routed[address.length]) {
          routed[address.length] = true;
          net.defaultRoute(DEVICE, address);
        }
      }
      Fd link = Bpf.attach(program, LOOPBACK);
      Parts made = new Parts(tun, RawSender.here(Diversion.MARK), link, SockDiag.here());
      poller.add(tun.fd(), Poller.IN, _ -> read(tun));
      return made;
    } catch (RuntimeException e) {
      tun.close();
      throw e;
    }
  }

  private void read(Tun tun) {
    try {
      for (int i = 0; i < BURST; i++) {
        byte[] packet = tun.read();
        if (packet.length == 0) {
          return;
        }
        out.accept(packet);
      }
    } catch (LinuxException e) {
      LOG.log(System.Logger.Level.DEBUG, "{0}: {1}", session, e.getMessage());
      poller.remove(tun.fd(), () -> {});
    }
  }

  /** Waits until processes may use it; without it they have their own loopback only. */
  public void await() {
    try {
      parts.join();
    } catch (CompletionException e) {
      LOG.log(
          System.Logger.Level.WARNING,
          "session {0} has no network here: {1}",
          session,
          e.getCause() == null ? e : e.getCause());
    }
  }

  /** A packet for the sandbox. */
  void inject(byte[] packet) {
    synchronized (this) {
      if (held != null) {
        if (held.size() < MOST_HELD) {
          held.add(packet);
        }
        return;
      }
      if (closed || !parts.isDone() || parts.isCompletedExceptionally()) {
        return;
      }
      long r = parts.join().sender.send(packet);
      if (r < 0 && !Errno.EAGAIN.is(r)) {
        LOG.log(System.Logger.Level.DEBUG, "{0}: a packet is lost: {1}", session, r);
      }
    }
  }

  /** From now on packets for it wait: its sockets are about to be looked at. */
  public synchronized void hold() {
    if (held == null) {
      held = new ArrayList<>();
    }
  }

  /** It stays: what waits is given to it. */
  public void release() {
    List<byte[]> waiting = take();
    waiting.forEach(this::inject);
  }

  /** Ends that; what waited. */
  synchronized List<byte[]> take() {
    List<byte[]> waiting = held == null ? List.of() : held;
    held = null;
    return waiting;
  }

  /** Whether a process of the sandbox has a socket for what comes to a port. */
  synchronized boolean listens(int protocol, int port) {
    if (closed || !parts.isDone() || parts.isCompletedExceptionally()) {
      return false;
    }
    SockDiag diag = parts.join().sockets;
    try {
      for (int family : List.of(Socket.AF_INET, Socket.AF_INET6)) {
        for (SockDiag.Inet i : diag.inet(family, protocol)) {
          int local = (i.tuple()[0] & 0xff) << 8 | (i.tuple()[1] & 0xff);
          if (local == port && (protocol == Packet.UDP || i.state() == LISTEN)) {
            return true;
          }
        }
      }
    } catch (LinuxException e) {
      LOG.log(System.Logger.Level.DEBUG, "{0} has ended: {1}", session, e.getMessage());
    }
    return false;
  }

  /**
   * Ends it when what its ended processes have sent has arrived, or 30 s have passed.
   *
   * @param gone called then
   */
  void closeSoon(Runnable gone) {
    linger(LOOKS, gone);
  }

  private void linger(int looks, Runnable gone) {
    if (looks > 0 && isSending()) {
      CompletableFuture.delayedExecutor(LOOK_MILLIS, TimeUnit.MILLISECONDS, executor)
          .execute(() -> linger(looks - 1, gone));
      return;
    }
    close();
    gone.run();
  }

  private synchronized boolean isSending() {
    if (closed || !parts.isDone() || parts.isCompletedExceptionally()) {
      return false;
    }
    SockDiag diag = parts.join().sockets;
    return Stream.of(Socket.AF_INET, Socket.AF_INET6)
        .flatMap(family -> diag.inet(family, Packet.TCP).stream())
        .anyMatch(i -> CLOSING.contains(i.state()));
  }

  /** Ends it, soon. */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    // The kernel takes milliseconds to end a device.
    var _ =
        parts.thenAcceptAsync(
            p -> {
              poller.remove(p.tun.fd(), () -> {});
              p.link.close();
              synchronized (this) {
                p.sender.close();
                p.sockets.close();
              }
              p.tun.close();
            },
            executor);
  }
}
