package hob.image;

import hob.image.proto.IpcSegment;
import hob.image.proto.Vma;
import hob.linux.Nr;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * System V shared memory in an address space that is laid out: attached whole, by shmat(2), as
 * shmdt(2) and the count of who has it need; what the process has unmapped of it goes again.
 */
final class SegmentsAttached {
  private static final long PAGE = 4096;
  private static final int PROT_WRITE = 2;
  private static final int PROT_EXEC = 4;
  private static final int SHM_RDONLY = 010000;
  private static final int SHM_EXEC = 0100000;

  private record Place(int segment, long base) {}

  private SegmentsAttached() {}

  static void add(Batch b, List<Vma> vmas, SystemVMade ipc) {
    Map<Place, List<Vma>> places = new LinkedHashMap<>();
    for (Vma v : vmas) {
      if (v.getSegment() != 0) {
        Place p = new Place(v.getSegment() - 1, v.getStart() - v.getOffset());
        places.computeIfAbsent(p, k -> new ArrayList<>()).add(v);
      }
    }
    places.forEach((p, parts) -> attach(b, p.base, ipc.segment(p.segment), parts));
  }

  private static void attach(Batch b, long base, IpcSegment s, List<Vma> parts) {
    b.room(2 + 2 * parts.size(), 0);
    boolean writes = parts.stream().anyMatch(Vma::getMayWrite);
    boolean executes = parts.stream().anyMatch(v -> (v.getProtection() & PROT_EXEC) != 0);
    int flags = (writes ? 0 : SHM_RDONLY) | (executes ? SHM_EXEC : 0);
    b.add("shmat", Nr.SHMAT, s.getObject().getId(), base, flags);
    int protection = 1 | (writes ? PROT_WRITE : 0) | (executes ? PROT_EXEC : 0);
    long at = base;
    for (Vma v : parts) {
      unmap(b, at, v.getStart());
      if (v.getProtection() != protection) {
        b.add("mprotect", Nr.MPROTECT, v.getStart(), v.getLength(), v.getProtection());
      }
      v.getAdviceList()
          .forEach(a -> b.attempt("madvise", Nr.MADVISE, v.getStart(), v.getLength(), a));
      at = v.getStart() + v.getLength();
    }
    unmap(b, at, base + (s.getSize() + PAGE - 1 & -PAGE));
  }

  private static void unmap(Batch b, long from, long to) {
    if (from < to) {
      b.add("munmap", Nr.MUNMAP, from, to - from);
    }
  }
}
