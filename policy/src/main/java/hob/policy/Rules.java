package hob.policy;

import java.util.List;

/**
 * The default policy. A driver (make, a shell, xargs...) stays at home and what it starts is
 * offered to other hosts; what other programs start stays with them.
 */
public final class Rules {
  private final List<Pattern> drivers;
  private final List<Pattern> stay;
  private final List<Pattern> go;
  private final List<Pattern> brief;

  /**
   * Rules; a program is named by its last part or by its whole path, with {@code *} for anything.
   *
   * @param drivers stay, and what they start is offered
   * @param stay always run at home, and what they start
   * @param go may always go, also when they are in another list but {@code stay}
   * @param brief are over sooner than they would be elsewhere: they stay
   */
  public Rules(List<String> drivers, List<String> stay, List<String> go, List<String> brief) {
    this.drivers = patterns(drivers);
    this.stay = patterns(stay);
    this.go = patterns(go);
    this.brief = patterns(brief);
  }

  private static List<Pattern> patterns(List<String> texts) {
    return texts.stream().map(Pattern::new).toList();
  }

  private static boolean any(List<Pattern> patterns, String path) {
    return patterns.stream().anyMatch(p -> p.matches(path));
  }

  private static boolean any(List<Pattern> patterns, Command.Starter starter) {
    return any(patterns, starter.file()) || any(patterns, starter.name());
  }

  /** Whether a command may leave its home. */
  public Verdict judge(Command c) {
    if (c.privileged()) {
      return new Verdict.Stay("is setuid or setgid");
    }
    if (any(stay, c.path())) {
      return new Verdict.Stay("is a program that stays");
    }
    if (any(stay, c.starter())) {
      return new Verdict.Stay("is started by " + c.starter() + ", which stays");
    }
    if (any(go, c.path())) {
      return new Verdict.Go("is a program that goes");
    }
    if (any(drivers, c.path())) {
      return new Verdict.Stay("is a driver");
    }
    if (any(drivers, c.interpreter())) {
      return new Verdict.Stay("is a script for " + c.interpreter());
    }
    if (any(brief, c.path())) {
      return new Verdict.Stay("is brief");
    }
    return any(drivers, c.starter())
        ? new Verdict.Go("is started by " + c.starter())
        : new Verdict.Stay("is started by " + c.starter() + ", which is no driver");
  }
}
