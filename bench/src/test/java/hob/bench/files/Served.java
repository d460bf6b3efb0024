package hob.bench.files;

import static java.nio.charset.StandardCharsets.UTF_8;

import hob.bench.BenchContext;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A home and a foreign host with its files, each a program of its own. */
final class Served implements AutoCloseable {
  private static final BenchContext CONTEXT = new BenchContext(_ -> {}, Optional.empty());

  final Path base;
  final Path root;
  final Path at;
  final Child home;
  final Child abroad;

  private Served(Path base, List<String> homeOptions, List<String> abroadOptions)
      throws IOException {
    this.base = base;
    root = Files.createDirectories(base.resolve("root"));
    at = Files.createDirectories(base.resolve("at"));
    home = new Child("home", command("serve", "--listen=127.0.0.1:0", homeOptions));
    String port = home.expect("ready").split(" ", 2)[1];
    List<String> mount = command("mount", "--home=127.0.0.1:" + port, abroadOptions);
    mount.addAll(List.of(root.toString(), at.toString()));
    abroad = new Child("abroad", mount);
    abroad.expect("ready");
  }

  private static List<String> command(String verb, String option, List<String> more) {
    List<String> command = new ArrayList<>(CONTEXT.java(Main.class, verb, option));
    command.addAll(more);
    return command;
  }

  static Path directory() throws IOException {
    return Files.createTempDirectory("hob-files");
  }

  static Served open() throws IOException {
    return new Served(directory(), List.of(), List.of());
  }

  static Served open(Path base, List<String> homeOptions, List<String> abroadOptions)
      throws IOException {
    return new Served(base, homeOptions, abroadOptions);
  }

  /** A message from home to abroad, with all that happened before it. */
  void tellAbroad() throws IOException {
    home.say("tell h2");
    home.expect("done");
    abroad.expect("heard");
  }

  /** And the other way. */
  void tellHome() throws IOException {
    abroad.say("tell");
    abroad.expect("done");
  }

  /** Runs a program; its output, with what it complains of. */
  static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    process.waitFor();
    return output;
  }

  @Override
  public void close() throws IOException {
    abroad.close();
    home.close();
    Tree.delete(base);
  }
}
