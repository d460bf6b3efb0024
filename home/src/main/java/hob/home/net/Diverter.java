package hob.home.net;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Poller;
import hob.linux.ProcFs;
import hob.linux.net.Bpf;
import hob.linux.net.Diversion;
import hob.linux.net.RawSender;
import hob.linux.net.Rtnetlink;
import hob.linux.net.Tun;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * In front of this host's stack while sessions are away: takes packets for them out of what comes
 * in, and puts theirs into what goes out. All of it goes with this daemon. Any thread, one at a
 * time.
 */
final class Diverter implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Diverter.class.getName());
  private static final int ENTRIES = 1 << 16;
  private static final int BURST = 64;
  private static final int LONGEST = 65_535;

  /** Index of the device, or one of the next; those that the kernel chooses are small. */
  private static final int DEVICE = 48_700;

  private static final int TRIES = 64;

  private final Poller poller;
  private final int device;
  private final Tun tun;
  private final Fd flows = Bpf.set(Diversion.FLOW, ENTRIES);
  private final Fd ports = Bpf.set(Diversion.PORT, ENTRIES);
  private final Fd addresses = Bpf.set(Diversion.ADDRESS, ENTRIES);
  private final Fd program;
  private final Map<Integer, Fd> links = new HashMap<>();
  private final Set<String> known = new HashSet<>();
  private final RawSender sender = RawSender.here(0);

  /**
   * Begins.
   *
   * @param packets gets those that come in; the poller's thread
   * @throws LinuxException when this kernel or what this daemon may do does not allow it
   */
  Diverter(Poller poller, Consumer<byte[]> packets) {
    this.poller = poller;
    int index = DEVICE;
    Tun made = null;
    while (made == null) {
      try {
        made = Tun.open(HostAddresses.DEVICE + "%d", index);
      } catch (LinuxException e) {
        if (e.errno() != Errno.EBUSY || ++index == DEVICE + TRIES) {
          throw e;
        }
      }
    }
    tun = made;
    device = index;
    try {
      up();
      program = Diversion.atHome(flows, ports, addresses, device);
    } catch (LinuxException e) {
      tun.close();
      throw e;
    }
    poller.add(tun.fd(), Poller.IN, _ -> read(packets));
  }

  private void up() {
    try {
      // It has no address, and nothing to say.
      ProcFs.write("/proc/sys/net/ipv6/conf/" + tun.name() + "/disable_ipv6", "1");
    } catch (LinuxException e) {
      LOG.log(System.Logger.Level.DEBUG, "{0} speaks IPv6: {1}", tun.name(), e.getMessage());
    }
    try (Rtnetlink net = new Rtnetlink()) {
      net.up(device, LONGEST, Tun.QUEUE);
    }
  }

  private void read(Consumer<byte[]> packets) {
    for (int i = 0; i < BURST; i++) {
      byte[] packet = tun.read();
      if (packet.length == 0) {
        return;
      }
      packets.accept(packet);
    }
  }

  /** Watches all devices and addresses that there are now. */
  void watch(HostAddresses now) {
    for (int device : now.devices()) {
      links.computeIfAbsent(device, d -> Bpf.attach(program, d));
    }
    address(new byte[] {127, 0, 0, 1});
    byte[] loopback = new byte[16];
    loopback[15] = 1;
    address(loopback);
    now.addresses().forEach(this::address);
  }

  private void address(byte[] address) {
    if (known.add(Arrays.toString(address))) {
      Bpf.add(addresses, Arrays.copyOf(address, Diversion.ADDRESS));
    }
  }

  void divert(FlowKey flow) {
    Bpf.add(flows, flow.bytes());
  }

  void leave(FlowKey flow) {
    Bpf.remove(flows, flow.bytes());
  }

  void divert(int protocol, int port) {
    Bpf.add(ports, key(protocol, port));
  }

  void leave(int protocol, int port) {
    Bpf.remove(ports, key(protocol, port));
  }

  private static byte[] key(int protocol, int port) {
    byte[] b = new byte[Diversion.PORT];
    b[0] = (byte) protocol;
    b[4] = (byte) (port >> 8);
    b[5] = (byte) port;
    return b;
  }

  /** Sends a packet as this host's own. */
  void send(byte[] packet) {
    long r = sender.send(packet);
    if (r < 0 && !Errno.EAGAIN.is(r)) {
      LOG.log(System.Logger.Level.DEBUG, "a packet is lost: {0}", Errno.of((int) -r));
    }
  }

  @Override
  public void close() {
    links.values().forEach(Fd::close);
    poller.remove(tun.fd(), () -> {});
    tun.close();
    Fd.closeAll(program, flows, ports, addresses);
    sender.close();
  }
}
