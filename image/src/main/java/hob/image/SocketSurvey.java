package hob.image;

import hob.image.proto.OpenFile;
import hob.linux.Fd;
import hob.linux.PidFd;
import hob.linux.SockDiag;
import hob.linux.Socket;
import hob.linux.SocketMessage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The sockets of a tree with what stands in their queues, found before anything is described: a
 * descriptor that is on its way through a socket belongs to the tree as one in a process does.
 * Descriptors taken out of queues (by MSG_PEEK: the queue keeps them) are this daemon's own until
 * {@link #close}.
 */
final class SocketSurvey implements AutoCloseable {
  /** A process with a descriptor of a socket. */
  record Holder(FrozenProcess process, ProcessFacts.FdFacts descriptor) {}

  /** A message and what its descriptors are, in this daemon. */
  record Queued(SocketMessage message, List<ProcessFacts.FdFacts> files) {}

  private static final int IPPROTO_TCP = 6;
  private static final int IPPROTO_UDP = 17;
  private static final int TCP_ESTABLISHED = 1;
  private static final int TCP_SYN_RECV = 3;
  private static final int TCP_TIME_WAIT = 6;
  private static final int TCP_CLOSE_WAIT = 8;
  private static final int TCP_LISTEN = 10;

  private final Map<Long, Holder> byInode = new HashMap<>();
  private final Map<Long, List<Queued>> queues = new HashMap<>();
  private final List<Fd> taken = new ArrayList<>();

  /** A TCP socket that is connected, and what the image says of it. */
  record Held(Fd socket, OpenFile.Builder file) {}

  private final List<Held> held = new ArrayList<>();
  private @Nullable FrozenProcess self;
  private @Nullable SockDiag diag;

  /** Notes a descriptor if it is of a socket. */
  void add(FrozenProcess p, ProcessFacts.FdFacts d, Collection tree) {
    if (d.protocol().isEmpty()
        || byInode.putIfAbsent(d.stat().inode(), new Holder(p, d)) != null
        || !d.protocol().startsWith("UNIX")) {
      return;
    }
    List<Queued> queue = new ArrayList<>();
    queues.put(d.stat().inode(), queue);
    try (Fd socket = here(p, d)) {
      for (SocketMessage m : SocketQueue.of(socket)) {
        List<ProcessFacts.FdFacts> files = new ArrayList<>();
        for (Fd fd : m.descriptors()) {
          taken.add(fd);
          ProcessFacts.FdFacts facts = self().facts().descriptor(fd.number());
          files.add(facts);
          tree.survey(self(), facts);
        }
        queue.add(new Queued(m, files));
      }
    }
  }

  /** A duplicate of a descriptor of the tree in this daemon. */
  static Fd here(FrozenProcess p, ProcessFacts.FdFacts d) {
    return here(p.pid(), d.number());
  }

  static Fd here(int pid, int number) {
    try (Fd pidfd = PidFd.open(pid)) {
      return PidFd.get(pidfd, number);
    }
  }

  /** This daemon, as the holder of what stood in queues. */
  FrozenProcess self() {
    if (self == null) {
      self =
          new FrozenProcess(
              new ProcessFacts((int) ProcessHandle.current().pid()), List.of(), false);
    }
    return self;
  }

  /** What stands in the queue of a unix socket. */
  List<Queued> queue(long inode) {
    return queues.getOrDefault(inode, List.of());
  }

  /** Whether a process of the tree has the socket. */
  boolean has(long inode) {
    return byInode.containsKey(inode);
  }

  /** Sockets of the tree by inode. */
  Map<Long, Holder> all() {
    return byInode;
  }

  /** What the kernel tells of sockets in the tree's network namespace. */
  SockDiag diag(int pid) {
    if (diag == null) {
      diag = SockDiag.of(pid);
    }
    return diag;
  }

  /**
   * What stands at the other end of a TCP connection.
   *
   * @param found whether there is anything
   * @param inode 0 when no process has it
   * @param waiting whether it is a connection that nobody has accepted yet
   * @param received bytes in it that nobody has read
   * @param sent bytes that it has sent and that are not acknowledged, its end being one
   */
  record TcpEnd(boolean found, long inode, boolean waiting, int received, int sent) {}

  private final Map<String, SockDiag.Inet> tcpByEnds = new HashMap<>();
  private final Map<Long, SockDiag.Inet> inetByInode = new HashMap<>();
  private boolean inetRead;

  private void readInet(int pid) {
    if (inetRead) {
      return;
    }
    inetRead = true;
    for (int family : List.of(Socket.AF_INET, Socket.AF_INET6)) {
      for (int protocol : List.of(IPPROTO_TCP, IPPROTO_UDP)) {
        for (SockDiag.Inet i : diag(pid).inet(family, protocol)) {
          inetByInode.put(i.inode(), i);
          if (protocol == IPPROTO_TCP && i.state() != TCP_TIME_WAIT) {
            String source = InetName.key(family, i.tuple(), 0);
            tcpByEnds.put(source + " " + InetName.key(family, i.tuple(), 1), i);
          }
        }
      }
    }
  }

  /** Internet sockets of the tree's network namespace by inode. */
  Map<Long, SockDiag.Inet> inet(int pid) {
    readInet(pid);
    return inetByInode;
  }

  /** Whether a socket of the tree listens at a port. */
  boolean listensAt(int pid, int port) {
    return inet(pid).values().stream()
        .anyMatch(i ->
            i.state() == TCP_LISTEN
                && InetName.port(InetName.name(i.family(), i.tuple(), 0)) == port
                && has(i.inode()));
  }

  /** The end of a connection that leads from {@code source} to {@code destination}. */
  TcpEnd tcpEnd(int pid, String source, String destination) {
    readInet(pid);
    SockDiag.Inet i = tcpByEnds.get(source + " " + destination);
    if (i == null) {
      return new TcpEnd(false, 0, false, 0, 0);
    }
    // Who closes a socket sends a FIN: without one, an end that nobody has was never accepted.
    boolean waiting =
        i.inode() == 0
            && (i.state() == TCP_ESTABLISHED
                || i.state() == TCP_SYN_RECV
                || i.state() == TCP_CLOSE_WAIT);
    return new TcpEnd(true, i.inode(), waiting, i.received(), i.sent());
  }

  /** Keeps a socket until the tree has left or runs on. */
  void hold(Fd socket, OpenFile.Builder file) {
    held.add(new Held(socket, file));
  }

  /** Sockets that must vanish without a word to their other ends when the tree leaves. */
  List<Held> held() {
    return held;
  }

  /** Ends it: nothing more will be described. */
  @Override
  public void close() {
    Fd.closeAll(taken);
    if (diag != null) {
      diag.close();
    }
  }
}
