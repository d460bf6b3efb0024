package hob.image;

import hob.linux.Errno;
import hob.linux.LinuxException;
import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.ProcessMemory;
import hob.linux.Signals;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Work done inside a frozen process, which has a {@link Hole} for it meanwhile, and afterwards is
 * as it was. Tracer's thread.
 */
final class Visit {
  private final FrozenProcess process;
  private final long instruction;
  private final boolean trapIgnored;
  private final Hole hole;

  private Visit(FrozenProcess process) {
    this.process = process;
    // Read before the hole is made, so that it does not show.
    this.instruction =
        process.facts().maps().stream()
                .filter(e -> e.path().equals("[vdso]"))
                .findFirst()
                .map(MapsEntry::start)
                .orElseThrow()
            + Vdso.syscallOffset();
    // An int3 resets the action of an ignored SIGTRAP.
    this.trapIgnored =
        (Long.parseUnsignedLong(process.facts().status().getOrDefault("SigIgn", "0"), 16)
                & Signals.bit(Signals.SIGTRAP))
            != 0;
    this.hole = Hole.open(leader(), process.pid(), instruction);
  }

  /** Calls {@code work} while the process has a hole for {@link Batch batches}. */
  static void of(FrozenProcess p, Consumer<Hole> work) {
    visit(p, work, false);
  }

  /**
   * The same, but the hole goes only when {@link FrozenProcess#endVisit} is called: until then the
   * process is as it was in all else. What the visit has changed of its signal actions it does not
   * leave for later.
   */
  static void leavingHole(FrozenProcess p, Consumer<Hole> work) {
    visit(p, work, true);
  }

  private static void visit(FrozenProcess p, Consumer<Hole> work, boolean later) {
    p.endVisit();
    p.threads().forEach(FrozenThread::open);
    try {
      Visit v = new Visit(p);
      v.work(work);
      if (later && !v.trapIgnored) {
        p.visit(v);
      } else {
        v.leave(null);
      }
    } finally {
      p.threads().forEach(FrozenThread::close);
    }
  }

  private Tracee leader() {
    return process.leader().tracee();
  }

  private void work(Consumer<Hole> work) {
    try {
      if (trapIgnored) {
        long before = hole.data() + SignalState.ACTION;
        leader()
            .must(
                instruction,
                "rt_sigaction",
                Nr.RT_SIGACTION,
                Signals.SIGTRAP,
                hole.data(),
                before,
                8);
        process.trapAction(ProcessMemory.read(process.pid(), before, SignalState.ACTION));
      }
      work.accept(hole);
    } catch (RuntimeException e) {
      leave(e);
      throw e;
    }
  }

  /** Ends what {@link #leavingHole} has left; somebody may have killed the process meanwhile. */
  void end() {
    try {
      process.leader().open();
      try {
        leave(null);
      } finally {
        process.leader().close();
      }
    } catch (LinuxException e) {
      if (e.errno() != Errno.ESRCH) {
        throw e;
      }
    }
  }

  /**
   * Takes the hole away.
   *
   * @param failure what went wrong before: that is told, whatever comes after it
   */
  private void leave(@Nullable RuntimeException failure) {
    try {
      if (trapIgnored) {
        ProcessMemory.write(process.pid(), hole.data(), process.trapAction());
        leader().inject(instruction, Nr.RT_SIGACTION, Signals.SIGTRAP, hole.data(), 0, 8);
      }
      leader().inject(instruction, Nr.MUNMAP, hole.code(), Hole.SIZE);
    } catch (LinuxException e) {
      if (failure == null) {
        throw e;
      }
      failure.addSuppressed(e);
    }
  }
}
