package hob.image;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.Kcmp;
import hob.linux.LinuxException;
import hob.linux.MapsEntry;
import hob.linux.ProcFs;
import hob.linux.RootDir;
import hob.linux.SockDiag;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What pins a tree because the other side of it stays behind: found out while it runs, from the
 * descriptors of all its processes together and from sock_diag(7). What changes afterwards is found
 * again when the tree stands still.
 */
final class TreeCheck {
  private static final int LISTEN = 10;
  private static final String PIDFD = "anon_inode:[pidfd]";

  private final List<ProcessFacts> tree;
  private final Set<Integer> pids = new HashSet<>();
  private final Set<Long> inodes = new HashSet<>();
  private final Map<Long, Integer> pipeEnds = new HashMap<>();
  private final Set<Long> seen = new HashSet<>();
  private final Set<Integer> shared = new HashSet<>();
  private final Set<Integer> seenProcesses = new HashSet<>();
  private final List<Refusal> out;
  private boolean descriptorsUnderWay;

  private TreeCheck(List<ProcessFacts> tree, List<Refusal> out) {
    this.tree = tree;
    this.out = out;
  }

  /** Adds every reason. */
  static void of(List<ProcessFacts> tree, List<Refusal> out) {
    new TreeCheck(tree, out).check();
  }

  private void check() {
    boolean sockets = false;
    for (ProcessFacts p : tree) {
      pids.add(p.process());
      for (ProcessFacts.FdFacts d : descriptors(p)) {
        inodes.add(d.stat().inode());
        sockets |= d.target().startsWith("socket:[");
        if (d.target().startsWith("pipe:[")) {
          pipeEnds.merge(d.stat().inode(), 1 << (d.flags() & 3), (a, b) -> a | b);
        }
      }
    }
    sharedMemory();
    TableCheck.of(tree, pids, out);
    pseudoTerminals();
    if (!tree.isEmpty()) {
      SystemVUse.check(tree, out);
    }
    try (SocketSurvey survey = new SocketSurvey()) {
      if (sockets) {
        descriptorsUnderWay = queued(survey);
      }
      for (ProcessFacts p : tree) {
        for (ProcessFacts.FdFacts d : descriptors(p)) {
          members(d);
          String reason = reason(survey, p, d);
          if (reason != null && stands(p, d) && seen.add(d.stat().inode())) {
            out.add(
                new Refusal(p.pid(), word(d, reason), "descriptor " + d.number() + " " + reason));
          }
        }
      }
    }
  }

  /** What a set of events refers to, unless it may stand in a queue. */
  private void members(ProcessFacts.FdFacts d) {
    if (descriptorsUnderWay || !d.target().startsWith("anon_inode:")) {
      return;
    }
    if (d.target().equals("anon_inode:[eventpoll]")) {
      EpollFile.check(d, live(), out);
    } else if (d.target().equals("anon_inode:inotify")) {
      InotifyFile.check(d, live(), out);
    }
  }

  private List<ProcessFacts> live() {
    return tree.stream().filter(p -> !descriptors(p).isEmpty()).toList();
  }

  /** Whether a descriptor leads to what it led to before the kernel was asked about that. */
  private static boolean stands(ProcessFacts p, ProcessFacts.FdFacts d) {
    try {
      return Fd.readlink("/proc/" + p.pid() + "/fd/" + d.number()).equals(d.target());
    } catch (LinuxException e) {
      // ENOENT or ESRCH: it was closed, or the process has ended.
      return false;
    }
  }

  /** Others who have one of the tree's own open too would be cut off. */
  private void pseudoTerminals() {
    Map<String, ProcessFacts.FdFacts> slaves = new LinkedHashMap<>();
    List<ProcessFacts.FdFacts> masters = new ArrayList<>();
    for (ProcessFacts p : tree) {
      for (ProcessFacts.FdFacts d : descriptors(p)) {
        if (PseudoTerminalFile.isMaster(d)) {
          masters.add(d);
          slaves.put("/dev/pts/" + PseudoTerminalFile.number(d), d);
        }
      }
    }
    if (masters.isEmpty()) {
      return;
    }
    for (int pid : ProcFs.numbers("/proc")) {
      if (pids.contains(pid)) {
        continue;
      }
      try {
        for (int n : ProcFs.numbers("/proc/" + pid + "/fd")) {
          ProcessFacts.FdFacts who = openElsewhere(pid, n, slaves, masters);
          if (who != null && seenProcesses.add(pid)) {
            out.add(
                new Refusal(
                    who.process().pid(),
                    "pseudo-terminal",
                    "descriptor "
                        + who.number()
                        + " is the master of a pseudo-terminal that process "
                        + pid
                        + ", which stays, has open"));
          }
        }
      } catch (LinuxException e) {
        // It has just ended, or closed something.
      }
    }
  }

  private static ProcessFacts.@Nullable FdFacts openElsewhere(
      int pid,
      int number,
      Map<String, ProcessFacts.FdFacts> slaves,
      List<ProcessFacts.FdFacts> masters) {
    String path = "/proc/" + pid + "/fd/" + number;
    String link = Fd.readlink(path);
    ProcessFacts.FdFacts master = slaves.get(link);
    if (master != null) {
      try (RootDir root = master.process().root()) {
        boolean same = root.stat(link.getBytes(StandardCharsets.UTF_8)).sameAs(FileStat.of(path));
        return same ? master : null;
      }
    }
    if (link.endsWith("/ptmx")) {
      for (ProcessFacts.FdFacts m : masters) {
        if (Kcmp.compare(pid, m.process().pid(), Kcmp.FILE, number, m.number()) == 0) {
          return m;
        }
      }
    }
    return null;
  }

  /** Memory that others map too would be two memories afterwards. */
  private void sharedMemory() {
    Map<String, Integer> mapped = new LinkedHashMap<>();
    for (ProcessFacts p : tree) {
      for (MapsEntry e : maps(p)) {
        if (e.shared() && MemoryState.sharedMemory(e)) {
          mapped.putIfAbsent(e.device() + " " + e.inode(), p.pid());
        }
      }
    }
    if (mapped.isEmpty()) {
      return;
    }
    if (mapped.size() > MemoryState.MOST_SHARED) {
      String count = String.valueOf(mapped.size());
      out.add(MemoryState.tooMuchShared(tree.getFirst().pid(), count));
    }
    for (int pid : ProcFs.numbers("/proc")) {
      if (pids.contains(pid)) {
        continue;
      }
      try {
        for (MapsEntry e : ProcFs.maps(pid, false)) {
          Integer who = e.shared() ? mapped.get(e.device() + " " + e.inode()) : null;
          if (who != null && !descends(pid) && shared.add(who)) {
            out.add(new Refusal(who, "shared-memory", sharedWith(pid)));
          }
        }
      } catch (LinuxException e) {
        // ENOENT, ESRCH: it has ended. EACCES: a process that even root may not look into.
        if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH && e.errno() != Errno.EACCES) {
          throw e;
        }
      }
    }
  }

  /** Whether a process was born to the tree since that was listed. */
  private boolean descends(int pid) {
    int at = pid;
    while (at > 1 && !pids.contains(at)) {
      at = ProcFs.stat("/proc/" + at + "/stat").ppid();
    }
    return at > 1;
  }

  private static String sharedWith(int pid) {
    return "shares memory with process " + pid + ", which stays";
  }

  private static List<MapsEntry> maps(ProcessFacts p) {
    try {
      return p.maps();
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH) {
        throw e;
      }
      return List.of();
    }
  }

  private static List<ProcessFacts.FdFacts> descriptors(ProcessFacts p) {
    try {
      return p.descriptors();
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH) {
        throw e;
      }
      return List.of();
    }
  }

  /** Whether something stands in a queue that may be a descriptor: then all ends are not known. */
  private boolean queued(SocketSurvey survey) {
    for (ProcessFacts p : tree) {
      for (ProcessFacts.FdFacts d : descriptors(p)) {
        if (d.protocol().startsWith("UNIX")) {
          SockDiag.Unix u = survey.diag(p.pid()).unix(d.stat().inode());
          if (u != null && u.state() != LISTEN && u.queued() > 0) {
            return true;
          }
        }
      }
    }
    return false;
  }

  private @Nullable String reason(SocketSurvey survey, ProcessFacts p, ProcessFacts.FdFacts d) {
    String protocol = d.protocol();
    if (protocol.startsWith("UNIX")) {
      return unix(survey, p, d);
    }
    if (protocol.startsWith("TCP")) {
      SockDiag.Inet known = survey.inet(p.pid()).get(d.stat().inode());
      return known == null || descriptorsUnderWay
          ? null
          : InetSocketFile.outside(survey, p.pid(), known, inodes::contains);
    }
    if (d.target().equals(PIDFD)) {
      int pid = PidFdFile.pid(d.info());
      return pid > 0 && !pids.contains(pid) ? PidFdFile.stays(pid) : null;
    }
    if (d.target().startsWith("pipe:[") && (d.flags() & PipeFile.PACKETS) != 0) {
      return otherEndStays(p, d) ? PipeFile.PACKETS_STAY : null;
    }
    return null;
  }

  private static String word(ProcessFacts.FdFacts d, String reason) {
    return InetSocketFile.isOutside(reason) ? Refusal.OUTSIDE : FileKinds.word(d);
  }

  private boolean hasSent(long client) {
    return tree.stream()
        .flatMap(p -> descriptors(p).stream())
        .filter(d -> d.stat().inode() == client)
        .findFirst()
        .map(UnixSocketFile::hasSent)
        .orElse(false);
  }

  private boolean otherEndStays(ProcessFacts p, ProcessFacts.FdFacts d) {
    if ((pipeEnds.getOrDefault(d.stat().inode(), 0) & 3) == 3) {
      return false;
    }
    try (Fd end = SocketSurvey.here(p.pid(), d.number())) {
      return !PipeContents.otherEndClosed(end);
    } catch (LinuxException e) {
      // EBADF or ESRCH: it has just been closed.
      return false;
    }
  }

  private @Nullable String unix(SocketSurvey survey, ProcessFacts p, ProcessFacts.FdFacts d) {
    SockDiag.Unix u = survey.diag(p.pid()).unix(d.stat().inode());
    if (u == null) {
      return UnixSocketFile.ELSEWHERE;
    }
    if (descriptorsUnderWay) {
      return null;
    }
    if (u.waiting().stream().anyMatch(this::hasSent)) {
      return UnixSocketFile.SENT_ALREADY;
    }
    if (u.peer() != 0 && !inodes.contains(u.peer())) {
      return UnixSocketFile.PEER_STAYS;
    }
    boolean strangers = u.waiting().stream().anyMatch(c -> c != 0 && !inodes.contains(c));
    return strangers ? UnixSocketFile.CLIENT_STAYS : null;
  }
}
