package hob.policy;

/** Whether a command may leave its home. */
public sealed interface Verdict {
  /** Why, in a few words that go on from the command's name. */
  String why();

  /** It runs at home. */
  record Stay(String why) implements Verdict {}

  /** It may run on any host. */
  record Go(String why) implements Verdict {}
}
