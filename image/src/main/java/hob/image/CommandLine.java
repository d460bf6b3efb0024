package hob.image;

import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.ProcFs;

/**
 * The pages with a process's arguments, which its shadow keeps, so that {@code ps} shows them.
 *
 * @param from address of the first page
 * @param to address behind the last one
 */
record CommandLine(long from, long to) {
  private static final int ARG_START = 48;
  private static final int ARG_END = 49;

  /** More is not looked at. */
  private static final long MOST = 64 << 10;

  /** Those of a process that stands still. */
  static CommandLine of(int pid) {
    ProcFs.Stat stat = ProcFs.stat("/proc/" + pid + "/stat");
    long from = stat.field(ARG_START) & -Hole.PAGE;
    long to = stat.field(ARG_END) + Hole.PAGE - 1 & -Hole.PAGE;
    return new CommandLine(from, Math.min(to, from + MOST));
  }

  /** Has the rest of a mapping go. */
  void unmapRest(MapsEntry e, Batch b) {
    long first = Math.clamp(from, e.start(), e.end());
    long last = Math.clamp(to, first, e.end());
    unmap(e.start(), first == last ? e.end() : first, b);
    unmap(last, first == last ? last : e.end(), b);
  }

  private static void unmap(long start, long end, Batch b) {
    if (end > start) {
      b.add("munmap", Nr.MUNMAP, start, end - start);
    }
  }
}
