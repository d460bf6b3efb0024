package hob.testbed;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The control groups of testbeds, cgroups(7): {@code hob-testbed/NAME/HOST} in every hierarchy that
 * is of use, of version 1 (cpu, freezer) and of version 2. They bound a host's processor time, and
 * they tell which processes belong to a testbed even when its files are lost.
 *
 * <p>Daemons may make groups of their own below their host's; those go with the host.
 */
final class Cgroups {
  private static final Path MOUNTS = Path.of("/proc/self/mounts");
  private static final String TOP = "hob-testbed";

  private enum Version {
    V1,
    V2
  }

  private record Hierarchy(Path mount, Version version, boolean cpu, boolean freezer) {
    Path group(String group) {
      return mount.resolve(TOP).resolve(group);
    }
  }

  private final List<Hierarchy> hierarchies;

  private Cgroups(List<Hierarchy> hierarchies) {
    this.hierarchies = hierarchies;
  }

  /** What this machine has mounted. */
  static Cgroups detect() {
    return of(Layout.read(MOUNTS));
  }

  /** What {@code mounts}, in the form of proc_pid_mounts(5), has. */
  static Cgroups of(String mounts) {
    List<Hierarchy> found = new ArrayList<>();
    for (String line : mounts.split("\n")) {
      List<String> fields = List.of(line.split(" "));
      Path mount = Path.of(fields.get(1));
      List<String> options = List.of(fields.get(3).split(","));
      switch (fields.get(2)) {
        case "cgroup" -> {
          boolean cpu = options.contains("cpu");
          boolean freezer = options.contains("freezer");
          if (cpu || freezer) {
            found.add(new Hierarchy(mount, Version.V1, cpu, freezer));
          }
        }
        case "cgroup2" -> {
          List<String> controllers =
              List.of(Layout.read(mount.resolve("cgroup.controllers")).split(" "));
          found.add(new Hierarchy(mount, Version.V2, controllers.contains("cpu"), true));
        }
        default -> {}
      }
    }
    return new Cgroups(found);
  }

  /** The groups of a host, or of the whole testbed, that are there. */
  List<Path> groups(String group) {
    return hierarchies.stream().map(h -> h.group(group)).filter(Files::isDirectory).toList();
  }

  /** Makes the group in every hierarchy. */
  List<Path> create(String group) {
    for (Hierarchy h : hierarchies) {
      try {
        Files.createDirectories(h.group(group));
      } catch (IOException e) {
        throw new TestbedException(
            "cannot make the control group " + h.group(group) + ": " + e.getMessage(), e);
      }
    }
    return groups(group);
  }

  /** Bounds the processor time of a host. */
  void limit(String group, CpuQuota quota) {
    Optional<Hierarchy> cpu = hierarchies.stream().filter(Hierarchy::cpu).findFirst();
    if (cpu.isEmpty()) {
      if (!quota.unlimited()) {
        throw new TestbedException(
            "no CPU quotas here: no cgroup hierarchy with the cpu controller is mounted;"
                + " mount one, or leave out --cpu");
      }
      return;
    }
    Path directory = cpu.get().group(group);
    switch (cpu.get().version()) {
      case V1 -> {
        // The old quota may be too large for the new period or the reverse: lift it first.
        set(directory.resolve("cpu.cfs_quota_us"), "-1");
        set(directory.resolve("cpu.cfs_period_us"), quota.periodMicros());
        if (!quota.unlimited()) {
          set(directory.resolve("cpu.cfs_quota_us"), quota.quotaMicros());
        }
      }
      case V2 -> {
        if (quota.unlimited() && !Files.exists(directory.resolve("cpu.max"))) {
          return;
        }
        // The controller is handed down from the root, level by level.
        for (Path above = cpu.get().mount(); !above.equals(directory); ) {
          set(above.resolve("cgroup.subtree_control"), "+cpu");
          above = above.resolve(above.relativize(directory).getName(0));
        }
        set(
            directory.resolve("cpu.max"),
            (quota.unlimited() ? "max" : quota.quotaMicros()) + " " + quota.periodMicros());
      }
    }
  }

  private static void set(Path file, Object value) {
    try {
      Files.writeString(file, value.toString());
    } catch (IOException e) {
      throw new TestbedException(
          "cannot write " + value + " to " + file + ": " + e.getMessage(), e);
    }
  }

  /** Pids of all processes in the group and below, as seen from here. */
  List<Long> processes(String group) {
    return groups(group).stream()
        .flatMap(Cgroups::tree)
        .map(directory -> lines(directory.resolve("cgroup.procs")))
        .flatMap(List::stream)
        .map(Long::valueOf)
        .filter(pid -> pid != 0) // of a pid namespace that is not below ours
        .distinct()
        .toList();
  }

  /** Lets frozen processes go on, or SIGKILL would not reach them. */
  void thaw(String group) {
    groups(group).stream()
        .flatMap(Cgroups::tree)
        .forEach(directory -> {
          setIfThere(directory.resolve("freezer.state"), "THAWED");
          setIfThere(directory.resolve("cgroup.freeze"), "0");
        });
  }

  private static void setIfThere(Path file, String value) {
    if (Files.exists(file)) {
      try {
        Files.writeString(file, value);
      } catch (IOException e) {
        // The group went away meanwhile.
      }
    }
  }

  /**
   * Removes the group and all below it, and the top group when this was the last.
   *
   * @return whether it is gone; it stays as long as a process in it is not quite dead
   */
  boolean remove(String group) {
    boolean gone = true;
    for (Path root : groups(group)) {
      for (Path directory : tree(root).toList().reversed()) {
        gone &= rmdir(directory);
      }
    }
    hierarchies.forEach(h -> rmdir(h.mount().resolve(TOP)));
    return gone;
  }

  /** Names of all testbeds that have groups. */
  List<String> names() {
    return hierarchies.stream()
        .map(h -> h.mount().resolve(TOP))
        .flatMap(top -> Layout.list(top).stream())
        .filter(Files::isDirectory)
        .map(path -> path.getFileName().toString())
        .distinct()
        .toList();
  }

  private static boolean rmdir(Path directory) {
    try {
      Files.deleteIfExists(directory);
      return true;
    } catch (IOException e) {
      return false; // EBUSY: processes or groups in it
    }
  }

  /** Directories from {@code root} on, parents first. */
  private static Stream<Path> tree(Path root) {
    List<Path> all = new ArrayList<>(List.of(root));
    for (int i = 0; i < all.size(); i++) {
      Path[] children =
          Optional.ofNullable(all.get(i).toFile().listFiles()).stream()
              .flatMap(Arrays::stream)
              .map(File::toPath)
              .filter(Files::isDirectory)
              .toArray(Path[]::new);
      all.addAll(Arrays.asList(children));
    }
    return all.stream();
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      if (e.getMessage() != null && e.getMessage().contains("No such device")) {
        return List.of(); // ENODEV: the group went away meanwhile
      }
      throw new UncheckedIOException(e);
    }
  }
}
