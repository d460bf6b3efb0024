package hob.image;

import java.util.List;

/** The callback table. */
final class StateModules {
  /**
   * Order matters at the target: what is pending is queued before timers can add to it; limits and
   * credentials come last, when nothing more needs privilege.
   */
  static final List<StateModule> ALL =
      List.of(
          new KindState(),
          new MemoryState(),
          new FsState(),
          new FileState(),
          new SignalState(),
          new TimerState(),
          new SchedulingState(),
          new ThreadBasics(),
          new LimitState(),
          new FlagState(),
          new KeyringState(),
          new SeccompState(),
          new CredentialState());

  private StateModules() {}
}
