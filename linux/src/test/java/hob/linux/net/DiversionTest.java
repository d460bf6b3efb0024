package hob.linux.net;

import static org.assertj.core.api.Assertions.assertThat;

import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.Sys;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** The programs on the real kernel, in a network namespace of their own. Needs root. */
@EnabledIfSystemProperty(named = "user.name", matches = "root")
class DiversionTest {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final int LOOPBACK = 1;
  private static final int TUN = 7;
  private static final byte[] ADDRESS = {10, 99, 0, 1};
  private static final byte[] ADDRESS6 = {(byte) 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};

  private interface Work {
    void with(Tun tun, RawSender sender) throws Exception;
  }

  private static void inNamespace(Callable<Fd> program, Work work) throws Exception {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            Sys.check(Sys.call(Nr.UNSHARE, CLONE_NEWNET), "unshare", "net");
            run(program, work);
            done.complete(true);
          } catch (Exception | Error e) {
            done.completeExceptionally(e);
          }
        });
    done.get(20, TimeUnit.SECONDS);
  }

  private static void run(Callable<Fd> program, Work work) throws Exception {
    try (Rtnetlink net = new Rtnetlink();
        Tun tun = Tun.open("hob%d", TUN);
        RawSender sender = RawSender.here(Diversion.MARK);
        Fd code = program.call()) {
      net.up(LOOPBACK, 0, 0);
      net.up(TUN, 1500, hob.linux.net.Tun.QUEUE);
      net.address(LOOPBACK, ADDRESS);
      net.address(LOOPBACK, ADDRESS6);
      net.defaultRoute(TUN, ADDRESS);
      net.defaultRoute(TUN, ADDRESS6);
      try (Fd _ = Bpf.attach(code, LOOPBACK)) {
        work.with(tun, sender);
      }
    }
  }

  /** The next packet of UDP: the kernel speaks of its own, too. */
  private static byte[] next(Tun tun) {
    while (tun.fd().poll(1, 2000) != 0) {
      byte[] packet = tun.read();
      int protocol = (packet[0] & 0xf0) == 0x60 ? packet[6] : packet[9];
      if (protocol == 17) {
        return packet;
      }
    }
    throw new AssertionError("no packet");
  }

  private static void say(DatagramSocket socket, String text, InetSocketAddress to)
      throws Exception {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    socket.send(new DatagramPacket(bytes, bytes.length, to));
  }

  private static String hear(DatagramSocket socket) throws Exception {
    DatagramPacket p = new DatagramPacket(new byte[100], 100);
    socket.setSoTimeout(2000);
    socket.receive(p);
    return new String(p.getData(), 0, p.getLength(), StandardCharsets.UTF_8);
  }

  @Test
  void divertsOnLoopbackWhatNoSocketWantsAndLetsAnswersIn() throws Exception {
    inNamespace(
        () -> Diversion.ofStrangers(TUN),
        (tun, sender) -> {
          for (String host : new String[] {"127.0.0.1", "::1", "10.99.0.1", "fd00::9"}) {
            InetAddress address = InetAddress.ofLiteral(host);
            try (DatagramSocket here = new DatagramSocket(0, address);
                DatagramSocket client = new DatagramSocket(0, address)) {
              say(client, "to a socket", new InetSocketAddress(address, here.getLocalPort()));
              assertThat(hear(here)).isEqualTo("to a socket");
              say(client, "to a stranger", new InetSocketAddress(address, 9));
              byte[] packet = next(tun);
              assertThat(new String(packet, StandardCharsets.ISO_8859_1)).endsWith("to a stranger");
              turn(packet);
              assertThat(sender.send(packet)).as(host).isEqualTo(packet.length);
              assertThat(hear(client)).isEqualTo("to a stranger");
            }
          }
        });
  }

  @Test
  void sendsElsewhereThroughTheDevice() throws Exception {
    inNamespace(
        () -> Diversion.ofStrangers(TUN),
        (tun, sender) -> {
          for (String host : new String[] {"192.0.2.77", "2001:db8::5"}) {
            InetAddress address = InetAddress.ofLiteral(host);
            try (DatagramSocket client = new DatagramSocket()) {
              say(client, "far away", new InetSocketAddress(address, 9));
              byte[] packet = next(tun);
              turn(packet);
              assertThat(sender.send(packet)).as(host).isEqualTo(packet.length);
              assertThat(hear(client)).isEqualTo("far away");
            }
          }
        });
  }

  @Test
  void atHomeDivertsToKnownPortsAndWhatNobodyWants() throws Exception {
    Fd flows = Bpf.set(Diversion.FLOW, 100);
    Fd ports = Bpf.set(Diversion.PORT, 100);
    Fd addresses = Bpf.set(Diversion.ADDRESS, 100);
    InetAddress address = InetAddress.ofLiteral("127.0.0.1");
    inNamespace(
        () -> Diversion.atHome(flows, ports, addresses, TUN),
        (tun, sender) -> {
          try (DatagramSocket here = new DatagramSocket(0, address);
              DatagramSocket client = new DatagramSocket(0, address)) {
            Bpf.add(addresses, new byte[] {127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
            InetSocketAddress to = new InetSocketAddress(address, here.getLocalPort());
            say(client, "one", to);
            assertThat(hear(here)).isEqualTo("one");
            byte[] port = {17, 0, 0, 0, (byte) (to.getPort() >> 8), (byte) to.getPort(), 0, 0};
            Bpf.add(ports, port);
            say(client, "two", to);
            assertThat(new String(next(tun), StandardCharsets.ISO_8859_1)).endsWith("two");
            Bpf.remove(ports, port);
            say(client, "three", to);
            assertThat(hear(here)).isEqualTo("three");
            say(client, "four", new InetSocketAddress(address, 9));
            assertThat(new String(next(tun), StandardCharsets.ISO_8859_1)).endsWith("four");
          }
        });
    Fd.closeAll(flows, ports, addresses);
  }

  /** Exchanges sender and receiver, which changes no checksum. */
  private static void turn(byte[] packet) {
    boolean wide = (packet[0] & 0xf0) == 0x60;
    int at = wide ? 8 : 12;
    int length = wide ? 16 : 4;
    int ports = wide ? 40 : 20;
    swap(packet, at, length);
    swap(packet, ports, 2);
  }

  private static void swap(byte[] b, int at, int length) {
    for (int i = at; i < at + length; i++) {
      byte x = b[i];
      b[i] = b[i + length];
      b[i + length] = x;
    }
  }
}
