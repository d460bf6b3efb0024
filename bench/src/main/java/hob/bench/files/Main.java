package hob.bench.files;

import com.google.protobuf.StringValue;
import hob.bench.BenchContext;
import hob.files.abroad.FileMount;
import hob.files.home.Credentials;
import hob.files.home.FileServer;
import hob.wire.Endpoint;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Entry point of {@code hob files}. */
@Command(
    name = "hob files",
    description = "The home's files on another host, without daemons: for tests.",
    mixinStandardHelpOptions = true,
    subcommands = {Main.Serve.class, Main.Mount.class, Main.Check.class})
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    System.exit(
        new CommandLine(new Main())
            .setExecutionExceptionHandler((e, line, _) -> {
              line.getErr().println("hob files: " + e.getMessage());
              if (System.getenv("HOB_DEBUG") != null) {
                e.printStackTrace();
              }
              return 1;
            })
            .execute(args));
  }

  private static final BufferedReader INPUT =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

  private static BufferedReader input() {
    return INPUT;
  }

  private static InetSocketAddress address(String text) {
    int colon = text.lastIndexOf(':');
    return new InetSocketAddress(
        text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
  }

  /** The home. */
  @Command(
      name = "serve",
      description = "Serve this host's files.",
      mixinStandardHelpOptions = true)
  static final class Serve implements Callable<Integer> {
    @Option(names = "--listen", defaultValue = "127.0.0.1:7100", paramLabel = "ADDRESS:PORT")
    private String listen = "";

    @Option(names = "--name", defaultValue = "h1", description = "This host's name.")
    private String name = "";

    @Option(names = "--tls", description = "Directory with its certificate; none for no TLS.")
    private @Nullable Path tls;

    @Option(names = "--delay-micros", description = "Hear everything so much later.")
    private int delayMicros;

    @Option(names = "--no-drain", hidden = true, description = "Leave the barrier out.")
    private boolean noDrain;

    @Option(names = "--small-queue", hidden = true, description = "Let events overflow.")
    private boolean smallQueue;

    /** Lines of input: {@code tell HOST}; the end of input ends it. */
    @Override
    public Integer call() throws IOException {
      Endpoint endpoint = Hosts.endpoint(name, tls, delayMicros);
      FileServer server = smallQueue ? FileServer.withSmallQueue() : FileServer.open();
      try (Home home = Home.open(endpoint, address(listen), server, !noDrain)) {
        System.out.println("ready " + home.port());
        for (String line = input().readLine(); line != null; line = input().readLine()) {
          home.tell(line.substring(line.indexOf(' ') + 1), StringValue.of("look"));
          System.out.println("done");
        }
      }
      endpoint.close();
      return 0;
    }
  }

  /** The foreign host. */
  @Command(name = "mount", description = "Mount a home's files.", mixinStandardHelpOptions = true)
  static final class Mount implements Callable<Integer> {
    @Option(names = "--home", defaultValue = "127.0.0.1:7100", paramLabel = "ADDRESS:PORT")
    private String home = "";

    @Option(names = "--home-name", defaultValue = "h1")
    private String homeName = "";

    @Option(names = "--name", defaultValue = "h2", description = "This host's name.")
    private String name = "";

    @Option(names = "--tls", description = "Directory with its certificate; none for no TLS.")
    private @Nullable Path tls;

    @Option(names = "--delay-micros", description = "Hear everything so much later.")
    private int delayMicros;

    @Option(names = "--user", defaultValue = "0:0", paramLabel = "UID:GID[,GID]...")
    private String user = "";

    @Option(names = "--no-write-behind", description = "Wait for each write.")
    private boolean waits;

    @Parameters(index = "0", paramLabel = "ROOT", description = "Directory of the home.")
    private Path root = Path.of("/");

    @Parameters(index = "1", paramLabel = "AT", description = "Directory here to mount it on.")
    private Path at = Path.of("/");

    /**
     * Lines of input: {@code tell}, {@code ping N}, {@code stream MEGABYTES}, {@code requests}; the
     * end of input takes the mount away. Prints {@code heard} for each message from home.
     */
    @Override
    public Integer call() throws IOException {
      String[] ids = user.split(":", 2);
      int[] groups = Arrays.stream(ids[1].split(",")).mapToInt(Integer::parseInt).toArray();
      Endpoint endpoint = Hosts.endpoint(name, tls, delayMicros);
      Abroad abroad =
          Abroad.open(
              endpoint,
              address(home),
              homeName,
              root,
              at,
              new Credentials(Integer.parseInt(ids[0]), groups[0], groups),
              new FileMount.Options(!waits, Set.of()));
      Runtime.getRuntime().addShutdownHook(new Thread(abroad::close));
      abroad.listen(_ -> System.out.println("heard"));
      var _ = abroad.mount().whenGone().thenRun(() -> Runtime.getRuntime().halt(1));
      System.out.println("ready");
      for (String line = input().readLine(); line != null; line = input().readLine()) {
        String[] words = line.split(" ", 2);
        System.out.println(
            switch (words[0]) {
              case "ping" -> "= " + abroad.pingMicros(Integer.parseInt(words[1]));
              case "stream" -> "= " + abroad.streamMegabytesPerSecond(Integer.parseInt(words[1]));
              case "requests" -> "= " + abroad.mount().requests();
              default -> {
                abroad.tell(true);
                yield "done";
              }
            });
      }
      return 0;
    }
  }

  /** The consistency test. */
  @Command(
      name = "check",
      description = "Change a file on one host, tell another, look there: is it what is there?",
      mixinStandardHelpOptions = true)
  static final class Check implements Callable<Integer> {
    @Option(names = "--rounds", defaultValue = "10000")
    private int rounds;

    @Option(names = "--seed", defaultValue = "1")
    private long seed;

    @Option(names = "--load", description = "While others work in the same directory.")
    private boolean load;

    @Option(names = "--no-drain", description = "Without the barrier: must find stale reads.")
    private boolean noDrain;

    @Override
    public Integer call() throws IOException, InterruptedException {
      try (Consistency test =
          new Consistency(
              new BenchContext(line -> System.err.println(line), Optional.empty()), !noDrain)) {
        Consistency.Result result = test.run(rounds, seed, load);
        result.some().forEach(System.out::println);
        System.out.printf(
            "%d rounds in %.0f s, %d stale %s%n",
            result.rounds(), result.seconds(), result.total(), result.stale());
        return result.total() == 0 ? 0 : 1;
      }
    }
  }
}
