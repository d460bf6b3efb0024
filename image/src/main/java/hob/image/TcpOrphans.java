package hob.image;

import hob.linux.SockDiag;
import hob.linux.Socket;
import java.util.List;
import java.util.function.Predicate;

/**
 * TCP sockets that no process has any more: the kernel keeps one until its other end has answered,
 * and for a minute in TIME_WAIT. When that other end has left this host with its tree nobody
 * answers, and what is left stands in the way of the tree when it comes back with the same address.
 * The calling thread is in the tree's network namespace.
 */
final class TcpOrphans {
  private static final int IPPROTO_TCP = 6;
  private static final int SYN_RECV = 3;
  private static final int TIME_WAIT = 6;

  private TcpOrphans() {}

  /** Ends the one with this name and peer; whether there was one. */
  static boolean endBetween(byte[] name, byte[] peer) {
    String source = InetName.key(name);
    String destination = InetName.key(peer);
    return end(i ->
        i.state() != SYN_RECV
            && InetName.key(i.family(), i.tuple(), 0).equals(source)
            && InetName.key(i.family(), i.tuple(), 1).equals(destination));
  }

  /** Ends those in TIME_WAIT with this name's port, as SO_REUSEADDR would; whether there were. */
  static boolean endWaitingAt(byte[] name) {
    return end(i ->
        i.state() == TIME_WAIT
            && InetName.port(InetName.name(i.family(), i.tuple(), 0)) == InetName.port(name));
  }

  private static boolean end(Predicate<SockDiag.Inet> which) {
    boolean some = false;
    try (SockDiag diag = SockDiag.here()) {
      for (int family : List.of(Socket.AF_INET, Socket.AF_INET6)) {
        for (SockDiag.Inet i : diag.inet(family, IPPROTO_TCP)) {
          some |= i.inode() == 0 && which.test(i) && diag.destroy(i);
        }
      }
    }
    return some;
  }
}
