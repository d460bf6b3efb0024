package hob.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Takes a testbed away, whatever is left of it: processes, and with them namespaces, mounts and
 * interfaces; control groups; files. Every step may be repeated.
 */
final class Removal {
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final Layout layout;
  private final Cgroups cgroups;

  private Removal(Layout layout, Cgroups cgroups) {
    this.layout = layout;
    this.cgroups = cgroups;
  }

  /**
   * Removes the testbed.
   *
   * @return false when there was nothing of that name
   * @throws TestbedException when somebody else is at work on it, or something of it stays
   */
  static boolean remove(String name) {
    Layout layout = new Layout(name);
    Cgroups cgroups = Cgroups.detect();
    if (!exists(layout, cgroups)) {
      return false;
    }
    Deadline deadline = new Deadline(PATIENCE);
    while (!claim(layout)) {
      if (!exists(layout, cgroups)) {
        return true; // the other one removed it
      }
      if (deadline.over()) {
        throw new TestbedException(
            "cannot remove testbed '%s': process %s is at work on it; wait for it or end it"
                .formatted(name, layout.owner().map(ProcessId::pid).orElse(0L)));
      }
      deadline.pause();
    }
    new Removal(layout, cgroups).run();
    return true;
  }

  /** Removes all testbeds that died with their maker or with all of their hosts. */
  static void removeStale() {
    Layout.dropOldDrafts();
    Cgroups cgroups = Cgroups.detect();
    Stream.concat(Layout.names().stream(), cgroups.names().stream())
        .distinct()
        .map(Layout::new)
        .filter(layout -> Testbed.phase(layout) == Testbed.Phase.STALE)
        .filter(Removal::claim)
        .forEach(layout -> {
          try {
            new Removal(layout, cgroups).run();
          } catch (TestbedException e) {
            // What a process outside keeps of a dead testbed is in nobody's way.
          }
        });
  }

  /** For who owns the testbed already. */
  static void removeOwn(Layout layout) {
    new Removal(layout, Cgroups.detect()).run();
  }

  private static boolean exists(Layout layout, Cgroups cgroups) {
    return Files.exists(layout.run())
        || Files.exists(layout.disk())
        || !cgroups.groups(layout.name()).isEmpty();
  }

  /** Becomes the owner, unless a living process is. */
  private static boolean claim(Layout layout) {
    ProcessId self = ProcessId.self();
    if (!Files.exists(layout.run())) {
      return layout.claim(self);
    }
    Path owner = layout.run().resolve("owner");
    try {
      if (layout.owner().map(ProcessId::alive).orElse(false)) {
        return false;
      }
      Files.deleteIfExists(owner);
      Files.writeString(owner, self + "\n", StandardOpenOption.CREATE_NEW);
      Layout.write(layout.run().resolve("boot"), Layout.bootId());
      return true;
    } catch (FileAlreadyExistsException | NoSuchFileException e) {
      return false; // somebody was faster
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void run() {
    List<ProcessId> members = members();
    Deadline deadline = new Deadline(PATIENCE);
    while (true) {
      kill();
      boolean dead = members.stream().noneMatch(ProcessId::alive);
      boolean empty = cgroups.processes(layout.name()).stream().noneMatch(this::alive);
      if ((dead && empty && cgroups.remove(layout.name())) || deadline.over()) {
        break;
      }
      deadline.pause();
    }
    Layout.deleteTree(layout.disk());
    releaseId();
    MakersLife.release(layout.life());
    Layout.deleteTree(layout.run());
    complain(members.stream().filter(ProcessId::alive).toList());
  }

  private boolean alive(long pid) {
    return ProcessId.of(pid).isPresent();
  }

  /**
   * Processes in the testbed's namespaces, to be found while its own live: once the last is dead
   * the kernel gives the numbers of the namespaces to new ones.
   */
  private List<ProcessId> members() {
    Set<String> namespaces = new HashSet<>();
    for (String host : layout.hosts()) {
      layout.init(host).map(Namespaces::of).ifPresent(namespaces::addAll);
    }
    layout
        .switchProcess()
        .map(holder -> Namespaces.of(holder, List.of("net")))
        .ifPresent(namespaces::addAll);
    return Namespaces.members(namespaces);
  }

  /** When pid 1 of a namespace dies, the kernel kills all others in it. */
  private void kill() {
    cgroups.thaw(layout.name());
    layout.hosts().forEach(host -> layout.init(host).ifPresent(ProcessId::kill));
    layout.switchProcess().ifPresent(ProcessId::kill);
    for (long pid : cgroups.processes(layout.name())) {
      ProcessId.of(pid).ifPresent(ProcessId::kill);
    }
  }

  private void releaseId() {
    String id = Layout.read(layout.run().resolve("id"));
    if (!id.isEmpty()) {
      NetworkId.release(Integer.parseInt(id), layout.name());
    }
  }

  private void complain(List<ProcessId> holders) {
    List<Path> groups = cgroups.groups(layout.name());
    if (!holders.isEmpty()) {
      throw new TestbedException(
          "testbed '%s' is down, but its namespaces stay as long as these processes use them: %s;"
                  .formatted(
                      layout.name(),
                      holders.stream().map(Removal::describe).collect(Collectors.joining(", ")))
              + " end them");
    }
    if (!groups.isEmpty()) {
      throw new TestbedException(
          "testbed '%s' is down, but a process in %s does not die: see its cgroup.procs"
              .formatted(layout.name(), groups.getFirst()));
    }
  }

  private static String describe(ProcessId process) {
    Optional<String> command =
        ProcessHandle.of(process.pid()).flatMap(handle -> handle.info().command());
    return process.pid() + command.map(c -> " (" + c + ")").orElse("");
  }
}
