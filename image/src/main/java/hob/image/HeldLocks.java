package hob.image;

import hob.image.proto.FileLock;
import hob.linux.Errno;
import hob.linux.Sys;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The locks of a frozen tree at its source. A lock has one holder, so they are given up when the
 * copy is in doubt, just before the target takes them, and taken back when the tree runs on here
 * after all. Tracer's thread.
 */
final class HeldLocks {
  private static final System.Logger LOG = System.getLogger(HeldLocks.class.getName());

  private record Held(int fd, FileLock lock) {}

  private final Map<FrozenProcess, List<Held>> held = new LinkedHashMap<>();

  HeldLocks(List<FrozenProcess> processes) {
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

  void release() {
    held.forEach((p, locks) ->
        Visit.of(
            p,
            hole -> {
              Batch b = new Batch(p.leader().tracee(), p.pid(), hole);
              locks.forEach(h -> FileLocks.release(b, h.fd, h.lock));
              b.run();
            }));
  }

  void takeBack() {
    held.forEach((p, locks) ->
        Visit.of(
            p,
            hole -> {
              Batch b = new Batch(p.leader().tracee(), p.pid(), hole);
              locks.forEach(h -> FileLocks.take(b, h.fd, h.lock, r -> lost(p, h, r)));
              b.run();
            }));
  }

  private static void lost(FrozenProcess p, Held h, long result) {
    if (Sys.failed(result)) {
      LOG.log(
          System.Logger.Level.WARNING,
          "pid {0} lost the lock of descriptor {1}: {2}",
          p.pid(),
          h.fd,
          Errno.of((int) -result));
    }
  }
}
