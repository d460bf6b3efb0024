package hob.home;

import java.util.regex.Pattern;

/**
 * Names a session for ever: home host, pid of its first process there, and that process's start
 * time in clock ticks since the home booted.
 */
public record SessionId(String home, int pid, long startTicks) {
  private static final Pattern FORM =
      Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]{0,62}):(\\d{1,10}):(\\d{1,19})");

  /** Parses what {@link #toString} wrote. */
  public static SessionId parse(String text) {
    var m = FORM.matcher(text);
    if (!m.matches()) {
      throw new IllegalArgumentException("not a session: " + text);
    }
    return new SessionId(m.group(1), Integer.parseInt(m.group(2)), Long.parseLong(m.group(3)));
  }

  @Override
  public String toString() {
    return home + ":" + pid + ":" + startTicks;
  }
}
