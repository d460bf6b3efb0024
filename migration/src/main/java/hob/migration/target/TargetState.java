package hob.migration.target;

import hob.home.Arrival;

/** Where a move stands at its target. */
sealed interface TargetState {
  /** The home asked; nothing is there yet. */
  record Asked() implements TargetState {
    Ready ready(Arrival arrival) {
      return new Ready(arrival);
    }
  }

  /** Empty processes with the right pids wait for the tree. */
  record Ready(Arrival arrival) implements TargetState {
    Mapped map(byte[] image) {
      arrival.map(image);
      return new Mapped(arrival);
    }
  }

  /** The address spaces are laid out; contents come in. */
  record Mapped(Arrival arrival) implements TargetState {
    Prepared prepare() {
      arrival.prepare();
      return new Prepared(arrival);
    }
  }

  /** The tree stands ready: only the home knows whether it is to run. */
  record Prepared(Arrival arrival) implements TargetState {
    Running resume() {
      arrival.resume();
      return new Running(arrival.resumedAtNanos());
    }
  }

  /** It runs. */
  record Running(long resumedAtNanos) implements TargetState {}

  /** It is removed. */
  record Removed() implements TargetState {}
}
