package hob.image;

import hob.linux.LinuxException;
import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.ProcessMemory;
import hob.linux.Signals;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Work done inside a frozen process, after which it is as it was. Tracer's thread. */
final class Visit {
  private Visit() {}

  /** Calls {@code work} while the process has a hole for {@link Batch batches}. */
  static void of(FrozenProcess p, Consumer<Hole> work) {
    // Read before the hole is made, so that it does not show.
    long instruction =
        p.facts().maps().stream()
                .filter(e -> e.path().equals("[vdso]"))
                .findFirst()
                .map(MapsEntry::start)
                .orElseThrow()
            + Vdso.syscallOffset();
    Tracee leader = p.leader().tracee();
    p.threads().forEach(FrozenThread::open);
    try {
      within(p, Hole.open(leader, p.pid(), instruction), instruction, work);
    } finally {
      p.threads().forEach(FrozenThread::close);
    }
  }

  private static void within(FrozenProcess p, Hole hole, long instruction, Consumer<Hole> work) {
    Tracee leader = p.leader().tracee();
    // An int3 resets the action of an ignored SIGTRAP.
    boolean trapIgnored =
        (Long.parseUnsignedLong(p.facts().status().getOrDefault("SigIgn", "0"), 16)
                & Signals.bit(Signals.SIGTRAP))
            != 0;
    RuntimeException failure = null;
    try {
      if (trapIgnored) {
        long before = hole.data() + SignalState.ACTION;
        leader.must(
            instruction, "rt_sigaction", Nr.RT_SIGACTION, Signals.SIGTRAP, hole.data(), before, 8);
        p.trapAction(ProcessMemory.read(p.pid(), before, SignalState.ACTION));
      }
      work.accept(hole);
    } catch (RuntimeException e) {
      failure = e;
      throw e;
    } finally {
      leave(p, hole, instruction, trapIgnored, failure);
    }
  }

  /** What went wrong before is told, whatever comes after it. */
  private static void leave(
      FrozenProcess p,
      Hole hole,
      long instruction,
      boolean trapIgnored,
      @Nullable RuntimeException failure) {
    Tracee leader = p.leader().tracee();
    try {
      if (trapIgnored) {
        ProcessMemory.write(p.pid(), hole.data(), p.trapAction());
        leader.inject(instruction, Nr.RT_SIGACTION, Signals.SIGTRAP, hole.data(), 0, 8);
      }
      leader.inject(instruction, Nr.MUNMAP, hole.code(), Hole.SIZE);
    } catch (LinuxException e) {
      if (failure == null) {
        throw e;
      }
      failure.addSuppressed(e);
    }
  }
}
