package hob.migration.home;

import hob.migration.fault.FaultPoint;
import hob.migration.journal.Entry;
import hob.migration.message.Message;

/** What a home does on entering a state, in this order. */
public sealed interface HomeAction {
  record TellSource(Message.ToSource message) implements HomeAction {}

  record TellTarget(Message.ToTarget message) implements HomeAction {}

  /** Journals; done before anything that follows. */
  record Write(Entry entry) implements HomeAction {}

  /** Journals that the session runs at {@code host}, under a new incarnation. */
  record Redecide(String host) implements HomeAction {}

  /** Lets the engine here know where the session is. */
  record Locate(String host) implements HomeAction {}

  /** Gives the session up: nothing of it runs anywhere. */
  record Lose(String why) implements HomeAction {}

  /** Passes a point at which a test may break in. */
  record At(FaultPoint point) implements HomeAction {}
}
