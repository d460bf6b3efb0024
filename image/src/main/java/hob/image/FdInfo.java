package hob.image;

import hob.linux.ProcFs;
import java.util.ArrayList;
import java.util.List;

/** Reading of /proc/PID/fdinfo beyond what {@link ProcessFacts} takes from it. */
final class FdInfo {
  private static final long NANOS = 1_000_000_000L;

  private FdInfo() {}

  /** Of a descriptor, as it is now. */
  static String text(FrozenProcess p, ProcessFacts.FdFacts d) {
    return ProcFs.text("/proc/" + p.pid() + "/fdinfo/" + d.number());
  }

  /** Lines that begin with {@code word}. */
  static List<String> lines(String info, String word) {
    List<String> all = new ArrayList<>();
    for (String line : info.split("\n")) {
      if (line.startsWith(word)) {
        all.add(line);
      }
    }
    return all;
  }

  /** The word after {@code key} in a line of keys and values, with or without a space between. */
  static String value(String line, String key) {
    int at = line.indexOf(key);
    if (at < 0) {
      return "0";
    }
    String rest = line.substring(at + key.length()).trim();
    int end = rest.indexOf(' ');
    return end < 0 ? rest : rest.substring(0, end);
  }

  /** A time written as {@code (seconds, nanoseconds)}. */
  static long nanos(String pair) {
    String[] f = pair.replaceAll("[() ]", "").split(",");
    return Long.parseLong(f[0]) * NANOS + Long.parseLong(f[1]);
  }
}
