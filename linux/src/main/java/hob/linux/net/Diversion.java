package hob.linux.net;

import static hob.linux.net.BpfCode.ADD;
import static hob.linux.net.BpfCode.AND;
import static hob.linux.net.BpfCode.BYTE;
import static hob.linux.net.BpfCode.DOUBLE;
import static hob.linux.net.BpfCode.EQUAL;
import static hob.linux.net.BpfCode.HALF;
import static hob.linux.net.BpfCode.NOT_EQUAL;
import static hob.linux.net.BpfCode.OR;
import static hob.linux.net.BpfCode.SHIFT_LEFT;
import static hob.linux.net.BpfCode.SIGNED_LESS;
import static hob.linux.net.BpfCode.WORD;

import hob.linux.Fd;

/**
 * Programs that give TCP and UDP packets which come in by a device to a TUN device instead of the
 * host's own sockets. IPv4 fragments but the first and IPv6 packets with extension headers are left
 * alone.
 */
public final class Diversion {
  /** Length of the key of a flow: protocol and family, ports, addresses, as packets have them. */
  public static final int FLOW = 40;

  /** Length of the key of a port: protocol, port as packets have it, two zeros. */
  public static final int PORT = 8;

  /** Length of an address; those of IPv4 have zeros behind them. */
  public static final int ADDRESS = 16;

  /** Mark (SO_MARK) of packets that are left alone. */
  public static final int MARK = 0x486f6200;

  private static final int TCP = 6;
  private static final int UDP = 17;

  // struct __sk_buff
  private static final int PACKET_TYPE = 4;
  private static final int PACKET_MARK = 8;
  private static final int PACKET_PROTOCOL = 16;

  /** ETH_P_IP and ETH_P_IPV6 as packets have them. */
  private static final int IPV4 = 0x0008;

  private static final int IPV6 = 0xdd86;

  // Functions of the kernel.
  private static final int MAP_LOOKUP = 1;
  private static final int REDIRECT = 23;
  private static final int LOAD_BYTES_RELATIVE = 68;
  private static final int SOCKET_LOOKUP_UDP = 85;
  private static final int SOCKET_RELEASE = 86;
  private static final int SOCKET_LOOKUP_TCP = 99;

  private static final int NEXT = -1;

  // The stack.
  private static final int KEY = -40;
  private static final int REMOTE = KEY + 8;
  private static final int LOCAL = KEY + 24;
  private static final int TUPLE = -80;
  private static final int HEAD = -128;
  private static final int PORT_KEY = -136;

  private static final int CONTEXT = 6;
  private static final int PORTS_AT = 7;
  private static final int PROTOCOL = 8;
  private static final int FAMILY = 9;

  private Diversion() {}

  /**
   * For a home: packets of known flows, packets to known ports, and beginnings of TCP connections
   * and datagrams that no socket of this host wants.
   *
   * @param flows set of flows as they come in
   * @param ports set of this host's ports
   * @param addresses set of this host's addresses; packets to others are left alone
   * @param device index of the TUN device
   */
  public static Fd atHome(Fd flows, Fd ports, Fd addresses, int device) {
    BpfCode c = new BpfCode().move(CONTEXT, 1);
    c.load(WORD, 2, CONTEXT, PACKET_MARK).jump(EQUAL, 2, MARK, "pass");
    c.load(WORD, 2, CONTEXT, PACKET_TYPE).jump(NOT_EQUAL, 2, 0, "pass");
    parse(c);
    lookUp(c, addresses, LOCAL).jump(EQUAL, 0, 0, "pass");
    lookUp(c, flows, KEY).jump(NOT_EQUAL, 0, 0, "divert");
    c.store(WORD, 10, PORT_KEY, PROTOCOL).storeValue(WORD, 10, PORT_KEY + 4, 0);
    c.load(HALF, 2, 10, KEY + 6).store(HALF, 10, PORT_KEY + 4, 2);
    lookUp(c, ports, PORT_KEY).jump(NOT_EQUAL, 0, 0, "divert");
    socket(c);
    c.jump(EQUAL, PROTOCOL, UDP, "divert");
    c.alu(ADD, PORTS_AT, 13).move(2, PORTS_AT);
    loadBytes(c, 1);
    c.load(BYTE, 2, 10, HEAD).alu(AND, 2, 0x12).jump(NOT_EQUAL, 2, 0x02, "pass");
    return Bpf.classifier(end(c, device));
  }

  /**
   * For the loopback device of a namespace whose addresses are another host's too: packets that no
   * socket of the namespace wants, unless they have the {@link #MARK}.
   *
   * @param device index of the TUN device
   */
  public static Fd ofStrangers(int device) {
    BpfCode c = new BpfCode().move(CONTEXT, 1);
    c.load(WORD, 2, CONTEXT, PACKET_MARK).jump(EQUAL, 2, MARK, "pass");
    parse(c);
    socket(c);
    return Bpf.classifier(end(c, device));
  }

  /** Fills key and tuple, or passes the packet on. */
  private static void parse(BpfCode c) {
    for (int i = 0; i < FLOW; i += 8) {
      c.storeValue(DOUBLE, 10, KEY + i, 0);
    }
    c.load(WORD, 2, CONTEXT, PACKET_PROTOCOL);
    c.jump(EQUAL, 2, IPV4, "ipv4").jump(EQUAL, 2, IPV6, "ipv6");
    c.label("pass").set(0, NEXT).exit();
    c.label("ipv4").set(2, 0);
    loadBytes(c, 20);
    c.load(HALF, 2, 10, HEAD + 6).alu(AND, 2, 0xff1f).jump(NOT_EQUAL, 2, 0, "pass");
    c.load(BYTE, PROTOCOL, 10, HEAD + 9);
    c.load(BYTE, PORTS_AT, 10, HEAD).alu(AND, PORTS_AT, 0xf).alu(SHIFT_LEFT, PORTS_AT, 2);
    copy(c, HEAD + 12, REMOTE, TUPLE, 4);
    copy(c, HEAD + 16, LOCAL, TUPLE + 4, 4);
    c.set(FAMILY, 0).jump("ports");
    c.label("ipv6").set(2, 0);
    loadBytes(c, 40);
    c.load(BYTE, PROTOCOL, 10, HEAD + 6).set(PORTS_AT, 40);
    copy(c, HEAD + 8, REMOTE, TUPLE, 16);
    copy(c, HEAD + 24, LOCAL, TUPLE + 16, 16);
    c.set(FAMILY, 1);
    c.label("ports").jump(EQUAL, PROTOCOL, TCP, "known").jump(NOT_EQUAL, PROTOCOL, UDP, "pass");
    c.label("known").move(2, PORTS_AT);
    loadBytes(c, 4);
    c.load(WORD, 2, 10, HEAD).store(WORD, 10, KEY + 4, 2);
    c.jump(NOT_EQUAL, FAMILY, 0, "wide").store(WORD, 10, TUPLE + 8, 2).jump("parsed");
    c.label("wide").store(WORD, 10, TUPLE + 32, 2);
    c.label("parsed").move(2, FAMILY).alu(SHIFT_LEFT, 2, 8).aluRegister(OR, 2, PROTOCOL);
    c.store(WORD, 10, KEY, 2);
  }

  /** Bytes of the packet from where register 2 says, counted from its IP header, to the stack. */
  private static void loadBytes(BpfCode c, int bytes) {
    c.move(1, CONTEXT).stack(3, HEAD).set(4, bytes).set(5, 1).call(LOAD_BYTES_RELATIVE);
    c.jump(SIGNED_LESS, 0, 0, "pass");
  }

  private static void copy(BpfCode c, int from, int to, int too, int bytes) {
    for (int i = 0; i < bytes; i += 4) {
      c.load(WORD, 2, 10, from + i).store(WORD, 10, to + i, 2).store(WORD, 10, too + i, 2);
    }
  }

  private static BpfCode lookUp(BpfCode c, Fd map, int key) {
    return c.map(1, map.number()).stack(2, key).call(MAP_LOOKUP);
  }

  /** Passes the packet on when this namespace has a socket for it. */
  private static void socket(BpfCode c) {
    c.move(1, CONTEXT).stack(2, TUPLE).set(4, -1).set(5, 0);
    c.jump(NOT_EQUAL, FAMILY, 0, "wideSocket");
    c.jump(EQUAL, PROTOCOL, UDP, "udp").set(3, 12).call(SOCKET_LOOKUP_TCP).jump("found");
    c.label("udp").set(3, 12).call(SOCKET_LOOKUP_UDP).jump("found");
    c.label("wideSocket");
    c.jump(EQUAL, PROTOCOL, UDP, "udp6").set(3, 36).call(SOCKET_LOOKUP_TCP).jump("found");
    c.label("udp6").set(3, 36).call(SOCKET_LOOKUP_UDP);
    c.label("found").jump(EQUAL, 0, 0, "none").move(1, 0).call(SOCKET_RELEASE);
    c.set(0, NEXT).exit();
    c.label("none");
  }

  private static byte[] end(BpfCode c, int device) {
    return c.label("divert").set(1, device).set(2, 0).call(REDIRECT).exit().bytes();
  }
}
