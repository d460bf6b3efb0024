package hob.home.net;

import com.google.protobuf.ByteString;
import hob.image.proto.SessionNetwork;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;

/**
 * This host's devices and addresses at some moment.
 *
 * @param devices indexes of its devices that are up, Hob's own aside
 * @param addresses 4 or 16 bytes each; none of loopback, and none that means something on one link
 *     only
 * @param mtu the least of the devices, bytes
 */
record HostAddresses(List<Integer> devices, List<byte[]> addresses, int mtu) {
  /** What the names of Hob's own devices begin with. */
  static final String DEVICE = "hob";

  private static final int LEAST_MTU = 1280;

  static HostAddresses now() {
    List<Integer> devices = new ArrayList<>();
    List<byte[]> addresses = new ArrayList<>();
    int mtu = 65_535;
    try {
      for (NetworkInterface i : NetworkInterface.networkInterfaces().toList()) {
        if (!i.isUp() || i.getName().startsWith(DEVICE)) {
          continue;
        }
        devices.add(i.getIndex());
        if (!i.isLoopback()) {
          mtu = Math.clamp(i.getMTU(), LEAST_MTU, mtu);
        }
        i.inetAddresses()
            .filter(HostAddresses::isOfHost)
            .forEach(a -> addresses.add(a.getAddress()));
      }
    } catch (SocketException e) {
      // One went away meanwhile.
      return devices.isEmpty() ? new HostAddresses(List.of(), List.of(), LEAST_MTU) : now();
    }
    return new HostAddresses(List.copyOf(devices), List.copyOf(addresses), mtu);
  }

  private static boolean isOfHost(InetAddress a) {
    return !a.isLoopbackAddress() && !a.isLinkLocalAddress() && !a.isMulticastAddress();
  }

  /** For a session that leaves. */
  SessionNetwork settings(int firstPort, int ports) {
    SessionNetwork.Builder b =
        SessionNetwork.newBuilder().setMtu(mtu).setFirstPort(firstPort).setPorts(ports);
    addresses.forEach(a -> b.addAddresses(ByteString.copyFrom(a)));
    return b.build();
  }
}
