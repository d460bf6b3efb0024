package hob.bench.moves;

import hob.bench.Bed;
import hob.bench.Row;
import hob.testbed.Completed;
import hob.testbed.Host;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What a host's daemon has, and what is there because of it.
 *
 * @param host its name
 * @param counts each of {@link Kind}
 * @param heapBytes live after a collection
 * @param residentBytes of the daemon, with all that the JVM has not given back
 */
public record Footprint(String host, Map<Kind, Long> counts, long heapBytes, long residentBytes) {
  /** What must not grow at all. */
  public enum Kind {
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

  private static final long SETTLE_MILLIS = 2_000;
  private static final double MOST_HEAP_MB = 2;
  private static final double MEGABYTE = 1 << 20;

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

  /** Of all hosts, when they have settled. */
  public static List<Footprint> all(Bed bed) throws IOException, InterruptedException {
    TimeUnit.MILLISECONDS.sleep(SETTLE_MILLIS);
    List<Footprint> all = new ArrayList<>();
    for (Host host : bed.hosts()) {
      all.add(Footprint.of(host));
    }
    return all;
  }

  /** What has grown, by host. */
  public static List<Row> growth(List<Footprint> before, List<Footprint> after) {
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < before.size(); i++) {
      Footprint a = before.get(i);
      Footprint b = after.get(i);
      String host = a.host();
      for (Footprint.Kind kind : Footprint.Kind.values()) {
        long was = a.count(kind);
        long is = b.count(kind);
        // A connection or a thread more or less is no growth; a thousand moves would leave more.
        rows.add(
            new Row(
                "%s: %s, growth".formatted(host, kind.word()),
                is - was,
                "",
                "there are " + is,
                0,
                "<= " + kind.slack(),
                is - was <= kind.slack()));
      }
      double heap = (b.heapBytes() - a.heapBytes()) / MEGABYTE;
      rows.add(
          new Row(
              host + ": live heap, growth",
              heap,
              "MB",
              "there are %s MB".formatted(Row.number(b.heapBytes() / MEGABYTE)),
              0,
              "<= " + Row.number(MOST_HEAP_MB) + " MB",
              heap <= MOST_HEAP_MB));
      rows.add(
          Row.plain(
              host + ": resident memory",
              b.residentBytes() / MEGABYTE,
              "MB",
              "before",
              a.residentBytes() / MEGABYTE));
    }
    return rows;
  }
}
