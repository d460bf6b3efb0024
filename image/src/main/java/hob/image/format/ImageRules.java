package hob.image.format;

import com.google.protobuf.ByteString;
import hob.image.proto.Descriptor;
import hob.image.proto.FileLock;
import hob.image.proto.InetSocket;
import hob.image.proto.Memory;
import hob.image.proto.OpenFile;
import hob.image.proto.PageRun;
import hob.image.proto.ProcessImage;
import hob.image.proto.SessionNetwork;
import hob.image.proto.SocketMessage;
import hob.image.proto.ThreadState;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import hob.image.proto.Vma;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What holds of every image that a capture makes, and what a restore relies on: each reference
 * leads to something, each structure of the kernel has its size, no range wraps around. Whether the
 * state makes sense is for the kernel to say when it is put back.
 */
final class ImageRules {
  private static final int PAGE = 4096;

  /** The end of user space with five-level page tables. */
  private static final long ADDRESSES = 1L << 56;

  /** {@code PID_MAX_LIMIT}. */
  private static final int MAX_PID = 1 << 22;

  private static final int MAX_DESCRIPTOR = 1 << 30;
  private static final int REGISTERS = 27;
  private static final int SIGNALS = 64;
  private static final int ACTION = 32;
  private static final int SIGINFO = 128;
  private static final int ALT_STACK = 24;
  private static final int TIMER = 32;
  private static final int ITIMERS = 3;
  private static final int MAX_SEMAPHORES = 32000;
  private static final int MAX_MESSAGE = 1 << 15;
  private static final int TERMIOS = 44;
  private static final int WINDOW = 8;
  private static final int TCP_WINDOW = 20;
  private static final int PORTS = 65_535;
  private static final int AF_INET = 2;
  private static final int AF_INET6 = 10;
  private static final int SOCKADDR_IN = 16;
  private static final int SOCKADDR_IN6 = 28;
  private static final int LIMITS = 16;
  private static final int MAP_FIELDS = 11;
  private static final int BPF_INSTRUCTION = 8;
  private static final int BPF_MAX = 4096;
  private static final int MAX_XSTATE = 1 << 20;
  private static final int MAX_AUXV = PAGE;
  private static final int MAX_VDSO = 1 << 16;

  private final TreeImage image;

  private ImageRules(TreeImage image) {
    this.image = image;
  }

  static void check(TreeOutline outline) throws ImageException {
    require(outline.getVersion() == TreeImages.VERSION, "version", outline.getVersion());
    require(outline.getProcessesCount() > 0, "no process");
    for (var p : outline.getProcessesList()) {
      pid(p.getPid());
      for (int tid : p.getTidsList()) {
        pid(tid);
      }
    }
    for (var p : outline.getOutsideList()) {
      pid(p.getPid());
    }
    require(outline.getVdso().size() <= MAX_VDSO, "a vdso of bytes:", outline.getVdso().size());
    require(outline.getResidentBytes() >= 0, "a size below 0");
    require(outline.getFirstPid() >= 0 && outline.getFirstPid() < MAX_PID, "its lease of pids");
    require(outline.getNextPid() >= 0 && outline.getNextPid() <= MAX_PID, "its lease of pids");
    network(outline.getNetwork());
  }

  private static void network(SessionNetwork n) throws ImageException {
    for (ByteString address : n.getAddressesList()) {
      require(address.size() == 4 || address.size() == 16, "address of the home");
    }
    int first = n.getFirstPort();
    int ports = n.getPorts();
    require(first >= 0 && ports >= 0 && first <= PORTS && ports <= PORTS - first, "its ports");
    require(n.getMtu() >= 0 && n.getMtu() <= PORTS, "MTU of the home");
  }

  static void check(TreeImage image) throws ImageException {
    require(image.getVersion() == TreeImages.VERSION, "version", image.getVersion());
    new ImageRules(image).all();
  }

  private void all() throws ImageException {
    require(image.getProcessesCount() > 0, "no process");
    require(!image.getProcesses(0).getZombie(), "a first process that has ended");
    Set<Integer> ids = new HashSet<>();
    for (ProcessImage p : image.getProcessesList()) {
      pid(p.getPid());
      if (p.getZombie()) {
        require(ids.add(p.getPid()), "twice the pid", p.getPid());
      } else {
        process(p, ids);
      }
    }
    tables();
    for (var p : image.getOutsideList()) {
      pid(p.getPid());
    }
    for (OpenFile f : image.getFilesList()) {
      file(f);
    }
    for (var m : image.getSharedMemoryList()) {
      range("shared memory", 0, m.getSize());
    }
    for (var i : image.getInodesList()) {
      range("a file without a name", 0, i.getSize());
      require(i.getNamesCount() > 0, "a file that never had a name");
    }
    for (var p : image.getPipesList()) {
      require(p.getCapacity() >= 0, "the capacity of a pipe");
      long packets = 0;
      for (int length : p.getPacketsList()) {
        require(length > 0, "a packet of bytes:", length);
        packets += length;
      }
      require(p.getPacketsCount() == 0 || packets == p.getContents().size(), "packets of a pipe");
    }
    for (var t : image.getPseudoTerminalsList()) {
      require(t.getNumber() >= 0, "the number of a pseudo-terminal");
      size("settings of a terminal", t.getTermios().size(), TERMIOS);
      size("the size of a terminal", t.getWindow().size(), WINDOW);
    }
    for (var s : image.getIpc().getSegmentsList()) {
      index("System V shared memory", s.getSharedMemory(), image.getSharedMemoryCount());
      range("System V shared memory", 0, s.getSize());
      require(s.getSize() > 0, "System V shared memory of bytes:", s.getSize());
    }
    for (var s : image.getIpc().getSemaphoresList()) {
      int count = s.getValuesCount();
      require(count > 0 && count <= MAX_SEMAPHORES, "semaphores:", count);
    }
    for (var q : image.getIpc().getQueuesList()) {
      for (var m : q.getMessagesList()) {
        require(m.getType() > 0, "a message of type", m.getType());
        require(m.getText().size() < MAX_MESSAGE, "a message of bytes:", m.getText().size());
      }
    }
    pages(image.getPageRunsList());
  }

  /** Who shares a table shares it with one that has it, and the last one has the descriptors. */
  private void tables() throws ImageException {
    Map<Integer, Integer> files = new HashMap<>();
    Map<Integer, Integer> fs = new HashMap<>();
    for (ProcessImage p : image.getProcessesList()) {
      files.put(p.getPid(), p.getZombie() ? 0 : p.getFilesWith());
      fs.put(p.getPid(), p.getZombie() ? 0 : p.getFsWith());
    }
    for (ProcessImage p : image.getProcessesList()) {
      int last = p.getFilesWith();
      require(last == 0 || files.getOrDefault(last, 0) == last, "a table of process", last);
      require(
          last == 0 || last == p.getPid() || p.getDescriptorsCount() == 0,
          "descriptors of another process's table");
      int first = p.getFsWith();
      require(first == 0 || fs.getOrDefault(first, 0) == first, "directories of process", first);
    }
  }

  private void process(ProcessImage p, Set<Integer> ids) throws ImageException {
    require(p.getThreadsCount() > 0, "no thread of process", p.getPid());
    for (ThreadState t : p.getThreadsList()) {
      pid(t.getTid());
      require(ids.add(t.getTid()), "twice the pid", t.getTid());
      thread(t);
    }
    require(
        p.hasEndedLeader() || p.getThreads(0).getTid() == p.getPid(),
        "no first thread of process",
        p.getPid());
    seccomp(p);
    memory(p.getMemory());
    require(p.getSignals().getActionsCount() == SIGNALS, "signal actions");
    for (var b : p.getSignals().getActionsList()) {
      size("a signal action", b.size(), ACTION);
    }
    for (var b : p.getSignals().getPendingList()) {
      size("a pending signal", b.size(), SIGINFO);
    }
    require(p.getTimers().getItimersCount() <= ITIMERS, "interval timers");
    for (var b : p.getTimers().getItimersList()) {
      size("an interval timer", b.size(), TIMER);
    }
    for (var t : p.getTimers().getPosixList()) {
      size("a timer", t.getSetting().size(), TIMER);
    }
    require(p.getLimitsCount() == LIMITS, "resource limits");
    index("working directory", p.getFs().getCwdFile(), image.getFilesCount());
    reference("root directory", p.getFs().getRootFile(), image.getFilesCount());
    long last = -1;
    for (Descriptor d : p.getDescriptorsList()) {
      long number = Integer.toUnsignedLong(d.getNumber());
      require(last < number && number <= MAX_DESCRIPTOR, "descriptor", number);
      last = number;
      index("descriptor", d.getFile(), image.getFilesCount());
      locks(d.getLocksList());
    }
  }

  private static void seccomp(ProcessImage p) throws ImageException {
    int threads = p.getSeccompCount();
    require(threads == 0 || threads == p.getThreadsCount(), "seccomp filters of threads");
    for (var t : p.getSeccompList()) {
      for (int f : t.getFiltersList()) {
        index("seccomp filter", f, p.getSeccompFiltersCount());
      }
    }
    for (var f : p.getSeccompFiltersList()) {
      int size = f.getProgram().size();
      require(
          size > 0 && size % BPF_INSTRUCTION == 0 && size <= BPF_MAX * BPF_INSTRUCTION,
          "a seccomp filter of bytes:",
          size);
    }
  }

  private static void thread(ThreadState t) throws ImageException {
    require(t.getRegistersCount() == REGISTERS, "registers:", t.getRegistersCount());
    require(t.getXstate().size() <= MAX_XSTATE, "extended state");
    size("an alternate stack", t.getAltStack().size(), ALT_STACK);
    for (var b : t.getPendingList()) {
      size("a pending signal", b.size(), SIGINFO);
    }
  }

  private void memory(Memory m) throws ImageException {
    require(m.getMapCount() == MAP_FIELDS, "the limits of a memory map");
    require(m.getAuxv().size() <= MAX_AUXV, "an auxiliary vector");
    reference("executable", m.getExe(), image.getFilesCount());
    long end = 0;
    for (Vma v : m.getVmasList()) {
      pages("a mapping", v.getStart(), v.getLength());
      require(v.getStart() >= end, "overlapping mappings at", v.getStart());
      end = v.getStart() + v.getLength();
      reference("mapped file", v.getFile(), image.getFilesCount());
      reference("shared memory", v.getSharedMemory(), image.getSharedMemoryCount());
      reference("attached shared memory", v.getSegment(), image.getIpc().getSegmentsCount());
      require(v.getSegment() == 0 || v.getOffset() <= v.getStart(), "attached shared memory");
    }
    for (var s : m.getSpecialsList()) {
      pages("a special mapping", s.getStart(), s.getLength());
    }
    for (var g : m.getGuardsList()) {
      pages("guard pages", g.getStart(), g.getLength());
    }
  }

  private void file(OpenFile f) throws ImageException {
    reference("file without a name", f.getInode(), image.getInodesCount());
    if (f.getInode() != 0) {
      index("name", f.getInodeName(), image.getInodes(f.getInode() - 1).getNamesCount());
    }
    locks(f.getLocksList());
    switch (f.getKind()) {
      case PIPE, FIFO -> index("pipe", f.getPipe(), image.getPipesCount());
      case UNNAMED -> require(f.getInode() != 0, "a file that leads nowhere");
      case SHARED_MEMORY ->
          index("shared memory", f.getSharedMemory(), image.getSharedMemoryCount());
      case EPOLL -> {
        for (var m : f.getEpoll().getMembersList()) {
          index("member of an epoll", m.getFile(), image.getFilesCount());
        }
      }
      case INOTIFY -> {
        for (var w : f.getInotify().getWatchesList()) {
          reference("watched file", w.getFile(), image.getFilesCount());
        }
      }
      case PSEUDO_TERMINAL ->
          index("pseudo-terminal", f.getPseudoTerminal(), image.getPseudoTerminalsCount());
      case UNIX_SOCKET -> messages(f.getUnixSocket().getQueueList());
      case INET_SOCKET -> {
        messages(f.getInetSocket().getQueueList());
        outside(f.getInetSocket());
      }
      case PATH,
          STAND_IN,
          ENDED_PROCESS,
          EVENT_FD,
          TIMER_FD,
          SIGNAL_FD,
          PID_FD,
          NAMESPACE,
          NETLINK_SOCKET,
          PACKET_SOCKET,
          HUNG_UP_TERMINAL -> {
        // They refer to nothing else of the image.
      }
      case UNRECOGNIZED -> throw wrong("an open file of kind", f.getKindValue());
    }
  }

  private static void outside(InetSocket s) throws ImageException {
    if (!s.hasOutside()) {
      return;
    }
    int window = s.getOutside().getWindow().size();
    int unsent = s.getOutside().getUnsent();
    int end = s.getEndSent() ? 1 : 0;
    require(unsent >= 0 && unsent <= s.getSent().size() + end, "bytes that were not sent");
    require(window == 0 || window == TCP_WINDOW, "window of a connection");
    require(isAddress(s.getName()) && isAddress(s.getPeer()), "address of a connection");
  }

  /** A struct sockaddr_in or sockaddr_in6. */
  private static boolean isAddress(ByteString name) {
    return name.size() == SOCKADDR_IN && name.byteAt(0) == AF_INET
        || name.size() == SOCKADDR_IN6 && name.byteAt(0) == AF_INET6;
  }

  private void messages(List<SocketMessage> queue) throws ImageException {
    for (SocketMessage m : queue) {
      for (int file : m.getFilesList()) {
        index("passed descriptor", file, image.getFilesCount());
      }
    }
  }

  private static void locks(List<FileLock> locks) throws ImageException {
    for (FileLock l : locks) {
      require(l.getStart() >= 0 && l.getLength() >= 0, "a lock's range");
    }
  }

  private void pages(List<PageRun> runs) throws ImageException {
    long total = 0;
    for (PageRun r : runs) {
      require(r.getSharedMemory() == 0 || r.getInode() == 0, "page contents of two things at once");
      reference("shared memory", r.getSharedMemory(), image.getSharedMemoryCount());
      reference("file without a name", r.getInode(), image.getInodesCount());
      require(r.getLength() > 0, "page contents of bytes:", r.getLength());
      if (r.getInode() != 0) {
        within(r, image.getInodes(r.getInode() - 1).getSize());
      } else if (r.getSharedMemory() != 0) {
        within(r, image.getSharedMemory(r.getSharedMemory() - 1).getSize());
      } else {
        index("process of page contents", r.getProcess(), image.getProcessesCount());
        require(
            !image.getProcesses(r.getProcess()).getZombie(),
            "page contents of a process that has ended");
        pages("page contents", r.getStart(), r.getLength());
      }
      total += r.getLength();
      require(total >= 0, "more page contents than there can be");
    }
  }

  private static void within(PageRun r, long size) throws ImageException {
    range("page contents", r.getStart(), r.getLength());
    require(r.getStart() + r.getLength() <= size, "page contents behind the end of a file");
  }

  /** A range of addresses in whole pages. */
  private static void pages(String what, long start, long length) throws ImageException {
    if ((start | length) % PAGE != 0
        || start < 0
        || length <= 0
        || start > ADDRESSES
        || length > ADDRESSES - start) {
      throw wrong(what, "at", start, "of", length, "bytes");
    }
  }

  private static void range(String what, long start, long length) throws ImageException {
    if (start < 0 || length < 0 || start + length < 0) {
      throw wrong(what, "of", length, "bytes");
    }
  }

  private static void pid(int pid) throws ImageException {
    require(pid > 0 && pid <= MAX_PID, "pid", pid);
  }

  private static void size(String what, int bytes, int wanted) throws ImageException {
    if (bytes != wanted) {
      throw wrong(what, "of", bytes, "bytes, where there are", wanted);
    }
  }

  /** A reference from 0. */
  private static void index(String what, int index, int count) throws ImageException {
    if (index < 0 || index >= count) {
      throw wrong(what, index, "of", count);
    }
  }

  /** A reference from 1, where 0 is none. */
  private static void reference(String what, int index, int count) throws ImageException {
    if (index < 0 || index > count) {
      throw wrong(what, index, "of", count);
    }
  }

  // Called hundreds of times for the smallest process, while it stands still: nothing is allocated.
  private static void require(boolean holds, String what) throws ImageException {
    if (!holds) {
      throw wrong(what);
    }
  }

  private static void require(boolean holds, String what, long number) throws ImageException {
    if (!holds) {
      throw wrong(what, number);
    }
  }

  private static ImageException wrong(String what, Object... more) {
    StringBuilder all = new StringBuilder("the image is not one that Hob can read: ").append(what);
    for (Object word : more) {
      all.append(' ').append(word);
    }
    return new ImageException(all.toString());
  }
}
