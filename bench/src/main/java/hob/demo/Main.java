package hob.demo;

import hob.cli.output.Screen;
import hob.testbed.Testbed;
import hob.testbed.TestbedException;
import hob.testbed.TestbedSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Entry point of {@code hob demo}. */
public final class Main {
  private static final String HELP =
      """
      Usage: hob demo [--keep]
      Starts three hosts on this machine and six real programs on the first, moves each program
      from host to host while it runs, and compares the results with runs that were never moved.
        --keep   leave the work directory for a look
      Exit status: 0 when every result is identical, 1 when not.\
      """;

  private static final long REDRAW_NANOS = 250_000_000L;

  private Main() {}

  /** Runs the demo. */
  public static void main(String[] args) throws Exception {
    List<String> words = List.of(args);
    if (words.contains("--help") || words.contains("-h")) {
      System.out.println(HELP);
      return;
    }
    if (!List.of("--keep").containsAll(words)) {
      System.err.println("hob: demo: unknown argument; see: hob demo --help");
      System.exit(2);
    }
    System.exit(demo(words.contains("--keep")) ? 0 : 1);
  }

  private static boolean demo(boolean keep) throws IOException, InterruptedException {
    Path work = Files.createTempDirectory(Path.of("/var/tmp"), "hob-demo-");
    Thread cleaner = new Thread(() -> remove(work), "demo-cleaner");
    if (!keep) {
      Runtime.getRuntime().addShutdownHook(cleaner);
    }
    try {
      return demo(work);
    } catch (TestbedException e) {
      System.err.println("hob: demo: " + e.getMessage());
      return false;
    } finally {
      if (keep) {
        System.out.println("The inputs, results and logs are in " + work);
      }
    }
  }

  private static boolean demo(Path work) throws IOException, InterruptedException {
    Path java = Path.of(System.getProperty("java.home"), "bin");
    List<Program> programs = Program.all(java.resolve("java"));
    Path inputs = Files.createDirectory(work.resolve("inputs"));
    say("Making the inputs, and running each program once where it stays, for comparison.");
    Inputs.make(inputs, java.resolve("javac"));
    Path references = Files.createDirectory(work.resolve("stayed"));
    long started = System.nanoTime();
    reference(programs, inputs, references);
    say("  %.1f s".formatted((System.nanoTime() - started) / 1e9));
    say("Starting three hosts: h1, h2, h3, each with namespaces and a daemon of its own.");
    TestbedSpec spec =
        TestbedSpec.standard()
            .withName("demo" + ProcessHandle.current().pid())
            .withHosts(3)
            .endingWithMaker();
    try (Testbed testbed = Testbed.up(spec)) {
      say("Starting the programs on h1. Each moves on every 0.7 s.\n");
      List<Run> runs = new ArrayList<>();
      List<Thread> threads = new ArrayList<>();
      Path place = spec.separate() ? onH1(testbed, inputs) : work;
      Path moved = Files.createDirectory(place.resolve("moved"));
      for (Program p : programs) {
        Run run =
            new Run(
                p,
                testbed,
                place.resolve("inputs"),
                Files.createDirectory(moved.resolve(p.name())),
                runs.size());
        runs.add(run);
        threads.add(Thread.ofPlatform().name("demo-" + p.name()).start(run));
      }
      watch(runs, threads);
      return verdict(runs, references);
    }
  }

  /** Takes the inputs to where h1 has them by the same path; nobody else reads them there. */
  private static Path onH1(Testbed testbed, Path inputs) throws IOException, InterruptedException {
    Path place = Files.createDirectory(testbed.host("h1").disk().resolve("demo"));
    Process copy =
        new ProcessBuilder("cp", "-a", inputs.toString(), place.toString()).inheritIO().start();
    if (copy.waitFor() != 0) {
      throw new IOException("cannot copy the inputs to " + place);
    }
    return place;
  }

  private static void reference(List<Program> programs, Path inputs, Path references)
      throws IOException, InterruptedException {
    List<Process> started = new ArrayList<>();
    for (Program p : programs) {
      Path out = Files.createDirectory(references.resolve(p.name()));
      started.add(
          new ProcessBuilder(p.command(inputs, out))
              .redirectErrorStream(true)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(out.resolve("log").toFile())
              .start());
    }
    for (int i = 0; i < started.size(); i++) {
      int status = started.get(i).waitFor();
      if (status != 0) {
        throw new IOException(
            "%s fails on this machine (exit status %d): %s"
                .formatted(
                    programs.get(i).name(),
                    status,
                    Files.readString(references.resolve(programs.get(i).name()).resolve("log"))
                        .strip()));
      }
    }
  }

  private static void watch(List<Run> runs, List<Thread> threads) throws InterruptedException {
    boolean terminal = Screen.standard().terminal();
    Board board = new Board(runs, terminal);
    while (threads.stream().anyMatch(Thread::isAlive)) {
      board.draw();
      LockSupport.parkNanos(REDRAW_NANOS);
    }
    for (Thread t : threads) {
      t.join();
    }
    board.draw();
  }

  private static boolean verdict(List<Run> runs, Path references) {
    say("");
    say(
        "%-9s %-25s %9s %6s %14s %12s  %s"
            .formatted("PROGRAM", "WHAT", "MEMORY", "MOVES", "FREEZE MEDIAN", "LONGEST", "RESULT"));
    boolean all = true;
    for (Run r : runs) {
      boolean same = r.sameAs(references.resolve(r.program().name()));
      boolean good = same && r.moves() > 0 && r.state().equals("ended");
      all &= good;
      say(
          "%-9s %-25s %5.1f MiB %6d %11.1f ms %9.1f ms  %s%s"
              .formatted(
                  r.program().name(),
                  r.program().what(),
                  r.mostBytes() / 1048576.0,
                  r.moves(),
                  r.medianFreeze() / 1e6,
                  r.longestFreeze() / 1e6,
                  same ? "identical" : "DIFFERENT",
                  good || r.trouble().isEmpty() ? "" : " (" + r.trouble() + ")"));
    }
    say(
        all
            ? "\nEvery program ran on three hosts and gave the result that it gives at home."
            : "\nSomething went wrong: run again with --keep and look at the logs.");
    return all;
  }

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  private static void remove(Path directory) {
    try (var files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(Main::delete);
    } catch (IOException e) {
      System.err.println("hob: demo: cannot remove " + directory + ": " + e.getMessage());
    }
  }

  private static void delete(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      System.err.println("hob: demo: cannot remove " + file + ": " + e.getMessage());
    }
  }
}
