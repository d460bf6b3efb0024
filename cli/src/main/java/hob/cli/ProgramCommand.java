package hob.cli;

import hob.cli.output.CommandFailure;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** A command that is a program of a module above this one, with options of its own. */
final class ProgramCommand {
  private ProgramCommand() {}

  /** {@code hob bench}. */
  @Command(name = "bench", description = "Measure hob; --help lists what.")
  static final class Bench implements Runnable {
    @Parameters(arity = "0..*", paramLabel = "ARG", description = "See: hob bench --help.")
    private List<String> arguments = new ArrayList<>();

    @Override
    public void run() {
      start("hob.bench.Main", arguments);
    }
  }

  /** {@code hob faults}. */
  @Command(
      name = "faults",
      description = "Kill daemons and cut links at every point of a move; see what holds.")
  static final class Faults implements Runnable {
    @Parameters(arity = "0..*", paramLabel = "ARG", description = "See: hob faults --help.")
    private List<String> arguments = new ArrayList<>();

    @Override
    public void run() {
      start("hob.bench.faults.Main", arguments);
    }
  }

  /** {@code hob files}. */
  @Command(
      name = "files",
      hidden = true,
      description = "A home's files on another host, without daemons: for tests.")
  static final class Files implements Runnable {
    @Parameters(arity = "0..*", paramLabel = "ARG", description = "See: hob files --help.")
    private List<String> arguments = new ArrayList<>();

    @Override
    public void run() {
      start("hob.bench.files.Main", arguments);
    }
  }

  /** {@code hob random}. */
  @Command(
      name = "random",
      description = "Move random programs that check themselves; count what goes wrong.")
  static final class RandomPrograms implements Runnable {
    @Parameters(arity = "0..*", paramLabel = "ARG", description = "See: hob random --help.")
    private List<String> arguments = new ArrayList<>();

    @Override
    public void run() {
      start("hob.bench.proof.RandomPrograms", arguments);
    }
  }

  /** {@code hob stress}. */
  @Command(name = "stress", description = "Move stress-ng's stressors; see what they say.")
  static final class Stress implements Runnable {
    @Parameters(arity = "0..*", paramLabel = "ARG", description = "See: hob stress --help.")
    private List<String> arguments = new ArrayList<>();

    @Override
    public void run() {
      start("hob.bench.proof.Stress", arguments);
    }
  }

  /** {@code hob programs}. */
  @Command(
      name = "programs",
      description = "Move real programs while they work; compare what comes out.")
  static final class RealPrograms implements Runnable {
    @Parameters(arity = "0..*", paramLabel = "ARG", description = "See: hob programs --help.")
    private List<String> arguments = new ArrayList<>();

    @Override
    public void run() {
      start("hob.bench.proof.RealPrograms", arguments);
    }
  }

  /** {@code hob transparency}. */
  @Command(
      name = "transparency",
      description = "Do what users do, at home and abroad; compare what is seen.")
  static final class Transparency implements Runnable {
    @Parameters(arity = "0..*", paramLabel = "ARG", description = "See: hob transparency --help.")
    private List<String> arguments = new ArrayList<>();

    @Override
    public void run() {
      start("hob.bench.transparency.Transparency", arguments);
    }
  }

  /** {@code hob demo}. */
  @Command(name = "demo", description = "See hob at work, on hosts on this machine.")
  static final class Demo implements Runnable {
    @Parameters(arity = "0..*", paramLabel = "ARG", description = "See: hob demo --help.")
    private List<String> arguments = new ArrayList<>();

    @Override
    public void run() {
      start("hob.demo.Main", arguments);
    }
  }

  private static void start(String main, List<String> arguments) {
    try {
      MethodHandles.publicLookup()
          .findStatic(
              Class.forName(main), "main", MethodType.methodType(void.class, String[].class))
          .invoke(arguments.toArray(String[]::new));
    } catch (ClassNotFoundException | NoSuchMethodException | IllegalAccessException e) {
      throw new CommandFailure("this build has no " + main + "; build it anew with: hob build", e);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new CommandFailure(String.valueOf(e.getMessage()), e);
    }
  }
}
