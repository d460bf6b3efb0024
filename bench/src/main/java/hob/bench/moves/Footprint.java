package hob.bench.moves;

import hob.testbed.Completed;
import hob.testbed.Host;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/**
 * What a host's daemon has, and what is there because of it.
 *
 * @param host its name
 * @param counts each of {@link Kind}
 * @param heapBytes live after a collection
 * @param residentBytes of the daemon, with all that the JVM has not given back
 */
record Footprint(String host, Map<Kind, Long> counts, long heapBytes, long residentBytes) {
  /** What must not grow at all. */
  enum Kind {
    DESCRIPTORS(8),
    PROCESSES(0),
    NAMESPACES(0),
    MOUNTS(0),
    SESSIONS(0);

    private final int slack;

    Kind(int slack) {
      this.slack = slack;
    }

    /** What comes and goes by itself: connections that idle, files of a log. */
    int slack() {
      return slack;
    }

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** One number a line: the constants in their order, live heap, resident set. $0 is jcmd. */
  private static final String SCRIPT =
      """
      d=$(cat /run/hob/daemon.pid)
      ls /proc/$d/fd | wc -l
      ls /proc | grep -c '^[0-9]'
      for p in /proc/[0-9]*; do readlink $p/ns/* 2>/dev/null; done | sort -u | wc -l
      for p in /proc/[0-9]*; do
        n=$(readlink $p/ns/mnt 2>/dev/null) && echo "$n $(wc -l <$p/mountinfo)"
      done 2>/dev/null | sort -u | awk '{ n += $2 } END { print n }'
      ls /run/hob/sessions | wc -l
      "$0" $d GC.class_histogram | awk '/^Total/ { print $3 }'
      awk '/^VmRSS/ { print $2 * 1024 }' /proc/$d/status
      """;

  /** Of a host now. */
  static Footprint of(Host host) throws IOException {
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    Completed done = host.run("sh", "-c", SCRIPT, jcmd);
    long[] numbers;
    try {
      numbers = done.output().strip().lines().mapToLong(l -> Long.parseLong(l.strip())).toArray();
    } catch (NumberFormatException e) {
      throw new IOException(
          "cannot look at %s: %s".formatted(host.name(), done.error().strip()), e);
    }
    int kinds = Kind.values().length;
    if (numbers.length != kinds + 2) {
      throw new IOException("cannot look at %s: %s".formatted(host.name(), done.error().strip()));
    }
    Map<Kind, Long> counts = new EnumMap<>(Kind.class);
    int line = 0;
    for (Kind kind : Kind.values()) {
      counts.put(kind, numbers[line++]);
    }
    return new Footprint(host.name(), counts, numbers[kinds], numbers[kinds + 1]);
  }

  /** How many of a kind. */
  long count(Kind kind) {
    return counts.getOrDefault(kind, 0L);
  }
}
