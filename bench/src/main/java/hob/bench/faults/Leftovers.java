package hob.bench.faults;

import hob.testbed.Host;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What there is on a host beside what was there when its daemon had just started: processes
 * (zombies too), mounts, namespaces, session files, and descriptors of the daemon. One thread.
 */
final class Leftovers {
  private static final List<String> NAMESPACES = List.of("pid", "mnt", "uts", "ipc", "net");

  private final Host host;
  private final Map<String, Integer> before;

  Leftovers(Host host) {
    this.host = host;
    this.before = count();
  }

  /** One clause for each kind of thing of which there is more than at first. */
  List<String> now() {
    List<String> more = new ArrayList<>();
    count()
        .forEach((what, n) -> {
          int was = before.getOrDefault(what, 0);
          if (n > was) {
            more.add("%s: %d %s, %d at first".formatted(host.name(), n, what, was));
          }
        });
    return more;
  }

  /** All processes, for a report. */
  String processes() {
    StringBuilder all = new StringBuilder();
    for (long pid : host.processes()) {
      String status = text("/proc/" + pid + "/status");
      all.append(pid).append(' ').append(text("/proc/" + pid + "/comm").strip());
      status
          .lines()
          .filter(l -> l.matches("(State|PPid|TracerPid|NSpid|SigBlk|SigPnd|ShdPnd):.*"))
          .forEach(l -> all.append(' ').append(l.replace('\t', ' ')));
      all.append(" in ").append(text("/proc/" + pid + "/syscall").strip());
      all.append(" runs ").append(text("/proc/" + pid + "/schedstat").strip());
      all.append(" stack ").append(text("/proc/" + pid + "/stack").replace('\n', ' '));
      all.append('\n');
    }
    return all.toString();
  }

  private Map<String, Integer> count() {
    Map<String, Integer> all = new TreeMap<>();
    Set<String> namespaces = new HashSet<>();
    Set<Long> mine = new HashSet<>(host.processes());
    for (long pid : mine) {
      add(all, "process " + text("/proc/" + pid + "/comm").strip());
      for (String kind : NAMESPACES) {
        link(Path.of("/proc/" + pid + "/ns/" + kind)).ifPresent(namespaces::add);
      }
    }
    zombies(mine, all);
    namespaces.forEach(n -> add(all, n.replaceAll("[^a-z]", "") + " namespace"));
    all.put("mounts", text("/proc/" + host.init() + "/mounts").split("\n").length);
    list(host.root().resolve("run/hob/sessions"), _ -> add(all, "session file"));
    host.daemonPid()
        .ifPresent(pid -> {
          all.put("mounts of the daemon", text("/proc/" + pid + "/mounts").split("\n").length);
          list(Path.of("/proc/" + pid + "/fd"), fd -> link(fd).ifPresent(l -> descriptor(all, l)));
        });
    return all;
  }

  private static void zombies(Set<Long> parents, Map<String, Integer> all) {
    list(
        Path.of("/proc"),
        p -> {
          if (Character.isDigit(p.getFileName().toString().charAt(0))) {
            String stat = text(p + "/stat");
            String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
            if (fields[0].equals("Z") && parents.contains(Long.parseLong(fields[1]))) {
              String name = stat.substring(stat.indexOf('('), stat.lastIndexOf(')') + 1);
              add(
                  all,
                  "zombie %s of %s".formatted(name, text("/proc/" + fields[1] + "/comm").strip()));
            }
          }
        });
  }

  /** Connections come and go; files of the class path are opened when they are needed. */
  private static void descriptor(Map<String, Integer> all, String link) {
    if (!link.startsWith("socket:") && !link.contains("/lib/") && !link.endsWith(".jar")) {
      add(all, "descriptor " + link.replaceAll("[0-9]+", "N"));
    }
  }

  private static void add(Map<String, Integer> all, String what) {
    all.merge(what, 1, Integer::sum);
  }

  private static String text(String file) {
    try {
      return Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
    } catch (IOException _) {
      return ") X 0"; // it ended meanwhile
    }
  }

  private static java.util.Optional<String> link(Path link) {
    try {
      return java.util.Optional.of(Files.readSymbolicLink(link).toString());
    } catch (IOException _) {
      return java.util.Optional.empty(); // closed meanwhile
    }
  }

  private static void list(Path directory, java.util.function.Consumer<Path> each) {
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (DirectoryStream<Path> all = Files.newDirectoryStream(directory)) {
      all.forEach(each);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
