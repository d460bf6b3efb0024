package hob.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The files of a testbed. Each run-time file holds one value, so that the shell script behind `hob
 * testbed exec` reads them as easily as Java does.
 *
 * <pre>
 * /run/hob/testbed/NAME/          goes with the testbed
 *   boot                          boot_id of the machine
 *   owner                         who is just making it: pid and start time
 *   id                            N of 10.77.N.0/24
 *   switch                        process that holds the switch: pid and start time
 *   exec                          script: runs a command on a host
 *   h1/init                       pid and start time of the host's pid 1
 *   h1/{address,cpu,rate,link}
 * /run/hob/testbed/.ids/N         link to NAME: who has 10.77.N.0/24
 * /var/lib/hob/testbed/NAME/      at this path here and on all hosts
 *   enter                         script: the part of exec that runs on the host
 *   h1/                           the host's disk: daemon, its configuration, state, logs
 * </pre>
 *
 * Hosts have a /run/hob of their own and do not see the first two.
 */
record Layout(String name) {
  private static final Path RUN = Path.of("/run/hob/testbed");
  private static final Path DISK = Path.of("/var/lib/hob/testbed");

  Layout {
    TestbedSpec.checkName(name);
  }

  /** Names of all testbeds that have left a trace in the file system, sorted. */
  static List<String> names() {
    return Stream.of(RUN, DISK)
        .flatMap(root -> list(root).stream())
        .map(path -> path.getFileName().toString())
        .filter(name -> !name.startsWith("."))
        .distinct()
        .sorted()
        .toList();
  }

  static Path ids() {
    return RUN.resolve(".ids");
  }

  Path run() {
    return RUN.resolve(name);
  }

  /** The FIFO by which a testbed's processes know that its maker lives. */
  Path life() {
    return run().resolve("life");
  }

  Path disk() {
    return DISK.resolve(name);
  }

  Path run(String host) {
    return run().resolve(host);
  }

  Path disk(String host) {
    return disk().resolve(host);
  }

  /** A directory to fill before {@link #claim} gives it its name; others' are told by the pid. */
  private Path draft() {
    return RUN.resolve("." + name + "." + ProcessHandle.current().pid());
  }

  /**
   * Takes the name, with {@code owner} written down in the same instant.
   *
   * @return false when somebody else has it
   */
  boolean claim(ProcessId owner) {
    Path draft = draft();
    try {
      Files.createDirectories(draft);
      Files.writeString(draft.resolve("owner"), owner + "\n");
      Files.writeString(draft.resolve("boot"), bootId() + "\n");
      // rename(2) onto a directory that is not empty fails with ENOTEMPTY.
      Files.move(draft, run(), StandardCopyOption.ATOMIC_MOVE);
      return true;
    } catch (IOException e) {
      deleteTree(draft);
      if (Files.exists(run())) {
        return false;
      }
      throw new UncheckedIOException(e);
    }
  }

  /** Removes what programs that died while they claimed a name have left. */
  static void dropOldDrafts() {
    for (Path path : list(RUN)) {
      String file = path.getFileName().toString();
      int dot = file.lastIndexOf('.');
      if (dot > 0 && ProcessId.of(Long.parseLong(file.substring(dot + 1))).isEmpty()) {
        deleteTree(path);
      }
    }
  }

  /** Names of the hosts, h1 first. */
  List<String> hosts() {
    return list(run()).stream()
        .filter(path -> Files.exists(path.resolve("init")))
        .map(path -> path.getFileName().toString())
        .sorted(Comparator.comparingInt(Layout::number))
        .toList();
  }

  /** 3 for h3. */
  static int number(String host) {
    return Integer.parseInt(host.substring(1));
  }

  Optional<ProcessId> owner() {
    return process(run().resolve("owner"));
  }

  Optional<ProcessId> init(String host) {
    return process(run(host).resolve("init"));
  }

  Optional<ProcessId> switchProcess() {
    return process(run().resolve("switch"));
  }

  private Optional<ProcessId> process(Path file) {
    return madeOnThisBoot() ? ProcessId.parse(read(file)) : Optional.empty();
  }

  /** Pids of another boot say nothing. */
  private boolean madeOnThisBoot() {
    return bootId().equals(read(run().resolve("boot")));
  }

  static String bootId() {
    return read(Path.of("/proc/sys/kernel/random/boot_id"));
  }

  /** The file's text without the line end; empty when there is no such file. */
  static String read(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (NoSuchFileException e) {
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void write(Path file, Object value) {
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(file, value + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<Path> list(Path directory) {
    try (Stream<Path> paths = Files.list(directory)) {
      return paths.sorted().toList();
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Removes a file, or a directory with all that is in it, if it is there. */
  static void deleteTree(Path root) {
    try (Stream<Path> paths = Files.walk(root)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (NoSuchFileException e) {
      // nothing to do
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
