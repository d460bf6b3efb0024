package hob.migration.home;

import hob.migration.message.Message;

/** What can happen to a move at its home. */
public sealed interface HomeEvent {
  /** The source says something. */
  record FromSource(Message.FromSource message) implements HomeEvent {}

  /** The target says something. */
  record FromTarget(Message.FromTarget message) implements HomeEvent {}

  /** The connection to the source is gone. */
  record SourceDown(String why) implements HomeEvent {}

  /** The connection to the target is gone. */
  record TargetDown(String why) implements HomeEvent {}

  /** The source is heard again; what it was told last may not have reached it. */
  record SourceUp() implements HomeEvent {}

  /** The target is heard again; what it was told last may not have reached it. */
  record TargetUp() implements HomeEvent {}

  /** The present state has lasted as long as it may. */
  record Late() implements HomeEvent {}

  /** A step failed here at home. */
  record Trouble(String why) implements HomeEvent {}
}
