package hob.image;

import hob.image.proto.Descriptor;
import hob.image.proto.Epoll;
import hob.image.proto.EpollMember;
import hob.image.proto.OpenFile;
import hob.image.proto.ProcessImage;
import hob.linux.Fd;
import hob.linux.Kcmp;
import hob.linux.Nr;
import hob.linux.Sys;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * {@code epoll(7)} with its set. A member is known to the kernel by its open file and the number it
 * was added under; the number may be another file's by now, and the file may be open elsewhere
 * only. So the first process that has the set adds each member under its number, which is lent to
 * the file for that moment.
 */
final class EpollFile implements FileKind {
  private static final String WORD = "epoll";
  private static final int ADD = 1;
  private static final int F_DUPFD_CLOEXEC = 1030;
  private static final long EPOLLWAKEUP = 1L << 29;

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.EPOLL;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return d.target().equals("anon_inode:[eventpoll]");
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    return null;
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    Epoll.Builder set = Epoll.newBuilder();
    Map<Integer, Integer> seen = new HashMap<>();
    out.setKind(kind());
    for (String line : FdInfo.lines(FdInfo.text(p, d), "tfd:")) {
      int number = Integer.parseInt(FdInfo.value(line, "tfd:"));
      int nth = seen.merge(number, 1, Integer::sum) - 1;
      long inode = Long.parseUnsignedLong(FdInfo.value(line, "ino:"), 16);
      set.addMembers(
          EpollMember.newBuilder()
              .setNumber(number)
              .setEvents(Integer.parseUnsignedInt(FdInfo.value(line, "events:"), 16))
              .setData(Long.parseUnsignedLong(FdInfo.value(line, "data:"), 16))
              .setFile(member(p, d, tree, number, nth, inode)));
    }
    out.setEpoll(set);
  }

  /** Index of the file that is a member. */
  private static int member(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, int number, int nth, long inode) {
    List<ProcessFacts> holders = tree.holders().stream().map(FrozenProcess::facts).toList();
    ProcessFacts.FdFacts x = find(d, holders, number, nth, inode);
    if (x == null) {
      throw new Collection.Refused(new Refusal(p.pid(), WORD, strange(d, number)));
    }
    for (FrozenProcess q : tree.holders()) {
      if (q.facts() == x.process()) {
        return tree.file(q, x);
      }
    }
    throw new IllegalStateException("a descriptor of nobody");
  }

  /** A descriptor of the file that is a member: looked for first where it was added. */
  private static ProcessFacts.@Nullable FdFacts find(
      ProcessFacts.FdFacts d, List<ProcessFacts> holders, int number, int nth, long inode) {
    ProcessFacts p = d.process();
    for (ProcessFacts.FdFacts x : p.descriptors()) {
      if (x.number() == number
          && Kcmp.isEpollMember(p.pid(), x.number(), p.pid(), d.number(), number, nth)) {
        return x;
      }
    }
    for (ProcessFacts q : holders) {
      for (ProcessFacts.FdFacts x : q.descriptors()) {
        if (x.stat().inode() == inode
            && Kcmp.isEpollMember(q.pid(), x.number(), p.pid(), d.number(), number, nth)) {
          return x;
        }
      }
    }
    return null;
  }

  private static String strange(ProcessFacts.FdFacts d, int number) {
    return "descriptor "
        + d.number()
        + " is an epoll set with a member (added as "
        + number
        + ") that no process of the tree has open";
  }

  /** Adds a reason for each member that none of {@code tree} has open; all may be running. */
  static void check(ProcessFacts.FdFacts d, List<ProcessFacts> tree, List<Refusal> out) {
    Map<Integer, Integer> seen = new HashMap<>();
    for (String line : FdInfo.lines(d.info(), "tfd:")) {
      int number = Integer.parseInt(FdInfo.value(line, "tfd:"));
      int nth = seen.merge(number, 1, Integer::sum) - 1;
      long inode = Long.parseUnsignedLong(FdInfo.value(line, "ino:"), 16);
      if (find(d, tree, number, nth, inode) == null && d.stillThere()) {
        out.add(new Refusal(d.process().pid(), WORD, strange(d, number)));
      }
    }
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    return Fd.of(Sys.check(Sys.call(Nr.EPOLL_CREATE1, Fd.O_CLOEXEC), "epoll_create1"));
  }

  @Override
  public void inProcess(Rebuild r, ProcessImage image, Descriptor d, OpenFile f, Batch batch) {
    if (r.first("epoll " + d.getFile())) {
      add(r, image, d.getNumber(), f, batch);
    }
  }

  /**
   * Sets that no process has as a descriptor, since they stand in the queue of a socket: the first
   * process of the tree has them for a moment.
   */
  static void withoutDescriptor(Rebuild r, ProcessImage image, Batch batch) {
    if (!r.first("epolls without descriptor")) {
      return;
    }
    for (int index : r.filesWithoutDescriptor(OpenFile.Kind.EPOLL)) {
      List<Descriptor> all = image.getDescriptorsList();
      int at = lowestFree(r, all);
      r.mailbox().deliver(batch, List.of(r.file(index)));
      int high = 2 + Math.max(r.mailbox().number(), all.isEmpty() ? 0 : all.getLast().getNumber());
      batch.add("dup3", Nr.DUP3, at, high, Fd.O_CLOEXEC);
      batch.add("close", Nr.CLOSE, at);
      add(r, image, high, r.openFile(index), batch);
      batch.add("close", Nr.CLOSE, high);
    }
  }

  private static void add(Rebuild r, ProcessImage image, int epoll, OpenFile f, Batch batch) {
    List<Descriptor> all = image.getDescriptorsList();
    int last = all.isEmpty() ? 0 : all.getLast().getNumber();
    int free = 1 + Math.max(Math.max(r.mailbox().number(), last), epoll);
    for (EpollMember m : f.getEpoll().getMembersList()) {
      int at = m.getNumber();
      Descriptor there = find(all, at);
      boolean mailbox = at == r.mailbox().number();
      boolean lend = there == null || there.getFile() != m.getFile();
      if (lend && (there != null || mailbox)) {
        batch.add("fcntl(F_DUPFD)", Nr.FCNTL, at, F_DUPFD_CLOEXEC, free);
      }
      if (lend) {
        borrow(r, all, m, batch);
      }
      batch.room(1, 16);
      byte[] bytes = new byte[12];
      var event = Bytes.of(bytes);
      event.putInt((int) (m.getEvents() & ~EPOLLWAKEUP)).putLong(m.getData());
      batch.add("epoll_ctl", Nr.EPOLL_CTL, epoll, ADD, at, batch.data(bytes));
      if (lend && (there != null || mailbox)) {
        boolean closes = there == null || there.getCloseOnExec();
        batch.add("dup3", Nr.DUP3, free, at, closes ? Fd.O_CLOEXEC : 0);
        batch.add("close", Nr.CLOSE, free);
      } else if (lend) {
        batch.add("close", Nr.CLOSE, at);
      }
    }
  }

  private static int lowestFree(Rebuild r, List<Descriptor> all) {
    int n = 0;
    while (find(all, n) != null || n == r.mailbox().number()) {
      n++;
    }
    return n;
  }

  /** Puts the member's file at its number, from where this process has it or from the daemon. */
  private static void borrow(Rebuild r, List<Descriptor> all, EpollMember m, Batch batch) {
    for (Descriptor x : all) {
      if (x.getFile() == m.getFile()) {
        batch.add("dup3", Nr.DUP3, x.getNumber(), m.getNumber(), Fd.O_CLOEXEC);
        return;
      }
    }
    int arrives = lowestFree(r, all);
    r.mailbox().deliver(batch, List.of(r.file(m.getFile())));
    if (arrives != m.getNumber()) {
      batch.add("dup3", Nr.DUP3, arrives, m.getNumber(), Fd.O_CLOEXEC);
      batch.add("close", Nr.CLOSE, arrives);
    }
  }

  private static @Nullable Descriptor find(List<Descriptor> all, int number) {
    for (Descriptor x : all) {
      if (x.getNumber() == number) {
        return x;
      }
    }
    return null;
  }
}
