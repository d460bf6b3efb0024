package hob.image;

import hob.image.proto.Descriptor;
import hob.image.proto.FileLock;
import hob.image.proto.OpenFile;
import hob.image.proto.TreeImage;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.Sys;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/**
 * The locks of a frozen tree at its source. A lock has one holder, so they are given up when the
 * copy is in doubt, just before the target takes them, and taken back when the tree runs on here
 * after all. A lease is given only to who alone has the file open, so that files with leases are
 * closed too. Tracer's thread.
 */
final class HeldLocks {
  private static final System.Logger LOG = System.getLogger(HeldLocks.class.getName());
  private static final int F_SETFD = 2;

  private record Held(int fd, FileLock lock) {}

  /** A description with a lease, closed for the time being; {@code name} leads to its file. */
  private record Closed(OpenFile file, Fd name) {}

  private final TreeImage image;
  private final List<FrozenProcess> processes;
  private final Map<FrozenProcess, List<Held>> held = new LinkedHashMap<>();
  private final Map<Integer, Closed> closed = new LinkedHashMap<>();

  HeldLocks(List<FrozenProcess> processes, TreeImage image) {
    this.image = image;
    this.processes = processes;
    for (FrozenProcess p : processes) {
      List<Held> own = new ArrayList<>();
      for (ProcessFacts.FdFacts d : p.facts().descriptors()) {
        FileLocks.of(d).forEach(l -> own.add(new Held(d.number(), l)));
      }
      if (!own.isEmpty()) {
        held.put(p, own);
      }
    }
  }

  private boolean leased(Descriptor d) {
    return image.getFiles(d.getFile()).getLocksList().stream().anyMatch(FileLocks::lease);
  }

  private List<Descriptor> leased(FrozenProcess p) {
    return image.getProcesses(processes.indexOf(p)).getDescriptorsList().stream()
        .filter(this::leased)
        .toList();
  }

  void release() {
    held.forEach((p, locks) ->
        Visit.of(
            p,
            hole -> {
              Batch b = new Batch(p.leader().tracee(), p.pid(), hole);
              locks.forEach(h -> FileLocks.release(b, h.fd, h.lock));
              for (Descriptor d : leased(p)) {
                closed.computeIfAbsent(
                    d.getFile(),
                    n ->
                        new Closed(
                            image.getFiles(n),
                            Fd.open("/proc/" + p.pid() + "/fd/" + d.getNumber(), Fd.O_PATH)));
                b.attempt("close", Nr.CLOSE, d.getNumber());
              }
              b.run();
            }));
  }

  void takeBack() {
    Map<Integer, Fd> open = new LinkedHashMap<>();
    closed.forEach((n, c) -> {
      int flags = c.file.getFlags() & ~TreeFiles.ONLY_ONCE;
      Fd fd = Fd.open(c.name.path(), flags);
      TreeFiles.seek(fd, c.file);
      open.put(n, fd);
    });
    held.forEach((p, locks) ->
        Visit.of(
            p,
            hole -> {
              Batch b = new Batch(p.leader().tracee(), p.pid(), hole);
              reopen(p, open, b);
              locks.forEach(h -> FileLocks.take(b, h.fd, h.lock, r -> taken(p, h, open, r)));
              b.run();
            }));
    Fd.closeAll(open.values());
    forget();
  }

  /** The tree will not run here again. */
  void forget() {
    closed.values().forEach(c -> c.name.close());
    closed.clear();
  }

  private void reopen(FrozenProcess p, Map<Integer, Fd> open, Batch b) {
    List<Descriptor> wanted = leased(p);
    if (wanted.isEmpty()) {
      return;
    }
    TreeSet<Integer> taken = new TreeSet<>();
    p.facts().descriptors().forEach(d -> taken.add(d.number()));
    int above = taken.last() + 1;
    wanted.forEach(d -> taken.remove(d.getNumber()));
    Mailbox mailbox = Mailbox.open(b, p.pid());
    mailbox.moveTo(b, above);
    for (Descriptor d : wanted) {
      int at = 0;
      while (taken.contains(at)) {
        at++;
      }
      mailbox.deliver(b, List.of(Objects.requireNonNull(open.get(d.getFile()))));
      if (at != d.getNumber()) {
        b.add("dup3", Nr.DUP3, at, d.getNumber(), d.getCloseOnExec() ? Fd.O_CLOEXEC : 0);
        b.add("close", Nr.CLOSE, at);
      } else if (d.getCloseOnExec()) {
        b.add("fcntl", Nr.FCNTL, at, F_SETFD, 1);
      }
      taken.add(d.getNumber());
      FileOwners.set(d.getNumber(), image.getFiles(d.getFile()), b);
    }
    mailbox.closeTheirs(b);
    mailbox.close();
  }

  private void taken(FrozenProcess p, Held h, Map<Integer, Fd> open, long result) {
    if (Sys.failed(result)) {
      LOG.log(
          System.Logger.Level.WARNING,
          "pid {0} lost the lock of descriptor {1}: {2}",
          p.pid(),
          h.fd,
          Errno.of((int) -result));
      return;
    }
    for (Descriptor d : leased(p)) {
      if (d.getNumber() == h.fd) {
        FileLocks.breakAgain(Objects.requireNonNull(open.get(d.getFile())), h.lock);
      }
    }
  }
}
