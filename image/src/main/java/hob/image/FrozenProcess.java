package hob.image;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A stopped process of a tree that is being captured. */
final class FrozenProcess {
  private final ProcessFacts facts;
  private final List<FrozenThread> threads;
  private final boolean wasStopped;
  private final int nsPid;
  private byte[] trapAction = new byte[0];
  private @Nullable Visit visit;

  /**
   * All its threads stopped.
   *
   * @param threads the leader first, or any when that has ended
   * @param wasStopped by job control, before the freeze
   */
  FrozenProcess(ProcessFacts facts, List<FrozenThread> threads, boolean wasStopped) {
    this.facts = facts;
    this.threads = List.copyOf(threads);
    this.wasStopped = wasStopped;
    this.nsPid = facts.nsPid();
  }

  /** Action of SIGTRAP while a {@link Visit} has set it to its default; empty when it has not. */
  byte[] trapAction() {
    return trapAction;
  }

  void trapAction(byte[] action) {
    trapAction = action;
  }

  /** It has still the hole of this visit. */
  void visit(Visit leavingHole) {
    visit = leavingHole;
  }

  /** Takes away what {@link Visit#leavingHole} has left, if it has. */
  void endVisit() {
    Visit v = visit;
    visit = null;
    if (v != null) {
      v.end();
    }
  }

  /** As {@link ProcessFacts#pid}: the thread id of {@link #leader}. */
  int pid() {
    return facts.pid();
  }

  /** Its pid here. */
  int process() {
    return facts.process();
  }

  int nsPid() {
    return nsPid;
  }

  ProcessFacts facts() {
    return facts;
  }

  List<FrozenThread> threads() {
    return threads;
  }

  /** The thread that calls are injected into: its first one, or another when that has ended. */
  FrozenThread leader() {
    return threads.getFirst();
  }

  boolean wasStopped() {
    return wasStopped;
  }
}
