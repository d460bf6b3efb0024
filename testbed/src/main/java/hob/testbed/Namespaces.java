package hob.testbed;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A host's namespaces, namespaces(7): making them, and finding out who is in them. */
final class Namespaces {
  /** Names of those that each host has of its own, as in /proc/PID/ns. */
  static final List<String> KINDS = List.of("net", "mnt", "pid", "uts", "ipc");

  private static final String READY = "ready";

  /** Pids from here on up are for processes born abroad. */
  private static final int PID_MAX = 1 << 21;

  private Namespaces() {}

  /**
   * Starts a host's pid 1 in new namespaces and returns once mounts, names and pids are set up.
   *
   * @param host its name
   * @param firstPid pids there start above this
   * @param hostsFile what /etc/hosts is to be there
   * @param cgroups it belongs to
   * @param life a FIFO with whose last writer it ends
   * @param own directory for what it does not share with other hosts; empty when it shares all
   */
  static ProcessId start(
      String host,
      int firstPid,
      Path hostsFile,
      List<Path> cgroups,
      Optional<Path> life,
      Optional<Path> own) {
    // The first child after unshare(2) becomes pid 1; this shell itself stays in the old pid
    // namespace, ends at once and leaves pid 1 to the machine's own init.
    String script =
        """
        for group in $1; do echo 0 >"$group/cgroup.procs" || exit 1; done
        shift
        cd /
        setsid /bin/sh -c "$@" &
        echo "$!"
        """;
    List<String> command = new ArrayList<>();
    // Java drops what is written after its own child has ended; cat stays until pid 1 has spoken.
    command.addAll(List.of("/bin/sh", "-c", "\"$@\" | cat", host));
    command.addAll(List.of("unshare", "-n", "-m", "-u", "-i", "-p", "--propagation", "slave"));
    command.addAll(List.of("/bin/sh", "-c", script, host, words(cgroups)));
    command.addAll(
        List.of(
            Resources.text("init.sh"),
            host,
            host,
            Integer.toString(firstPid),
            hostsFile.toString(),
            pidMaxIsPerNamespace() ? Integer.toString(PID_MAX) : "",
            life.map(Path::toString).orElse(""),
            own.map(Path::toString).orElse("")));
    String output = Command.run(command);
    List<String> lines = output.lines().toList();
    if (lines.isEmpty() || !lines.contains(READY)) {
      throw new TestbedException(host + " did not start: " + output.strip());
    }
    return lines.stream()
        .filter(line -> line.matches("[0-9]+"))
        .findFirst()
        .flatMap(line -> ProcessId.of(Long.parseLong(line)))
        .orElseThrow(() -> new TestbedException(host + " died at once: " + output.strip()));
  }

  /** Since kernel 6.14. */
  private static boolean pidMaxIsPerNamespace() {
    Matcher version =
        Pattern.compile("([0-9]+)\\.([0-9]+).*").matcher(System.getProperty("os.version"));
    return version.matches()
        && (Integer.parseInt(version.group(1)) * 1000 + Integer.parseInt(version.group(2)) >= 6014);
  }

  static String words(List<?> list) {
    return String.join(" ", lines(list));
  }

  static List<String> lines(List<?> list) {
    return list.stream().map(Object::toString).toList();
  }

  /** A process's namespaces, such as {@code net:[4026531840]}; none when it is dead. */
  static List<String> of(ProcessId process) {
    return of(process, KINDS);
  }

  static List<String> of(ProcessId process, List<String> kinds) {
    try {
      List<String> links = kinds.stream().map(kind -> of(process, kind)).toList();
      return process.alive() ? links : List.of(); // else they may be another process's
    } catch (TestbedException e) {
      return List.of();
    }
  }

  static String of(ProcessId process, String kind) {
    Path link = Path.of("/proc/" + process.pid() + "/ns/" + kind);
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      throw new TestbedException("cannot read " + link + ": " + e.getMessage(), e);
    }
  }

  /** Processes, seen from here, that are in any of {@code namespaces}. */
  static List<ProcessId> members(Set<String> namespaces) {
    List<ProcessId> found = new ArrayList<>();
    for (ProcessHandle handle : ProcessHandle.allProcesses().toList()) {
      for (String kind : KINDS) {
        try {
          Path link = Path.of("/proc/" + handle.pid() + "/ns/" + kind);
          if (namespaces.contains(Files.readSymbolicLink(link).toString())) {
            ProcessId.of(handle.pid()).ifPresent(found::add);
            break;
          }
        } catch (IOException e) {
          break; // gone, or a zombie, which has none
        }
      }
    }
    return found;
  }
}
