package hob.bench.files;

import hob.bench.BenchContext;
import hob.wire.tls.CertificateAuthority;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Change, then tell: one host changes a file, tells another by a message, and that one looks. What
 * it sees must be what is there, whatever it had seen before.
 *
 * <p>A home and two foreign hosts, over TLS, each with a mount and so a cache of its own.
 */
public final class Consistency implements AutoCloseable {
  private static final int FILES = 24;

  private final Path base;
  private final Child home;
  private final List<Child> hosts = new ArrayList<>();
  private final List<Place> places = new ArrayList<>();
  private volatile boolean loaded;

  /**
   * Starts a home and two hosts with mounts, each a program of its own.
   *
   * @param drain false to leave the barrier out, which must be noticed
   */
  public Consistency(BenchContext context, boolean drain) throws IOException {
    base = Files.createTempDirectory("hob-files");
    Path root = Files.createDirectories(base.resolve("root"));
    CertificateAuthority authority = CertificateAuthority.create();
    for (String host : List.of("h1", "h2", "h3")) {
      authority.issue(host).save(base.resolve(host));
    }
    List<String> serve =
        new ArrayList<>(
            context.java(
                Main.class, "serve", "--listen=127.0.0.1:0", "--tls=" + base.resolve("h1")));
    if (!drain) {
      serve.add("--no-drain");
    }
    home = new Child("home", serve);
    String port = home.expect("ready").split(" ", 2)[1];
    places.add(new Place("home", root));
    for (String host : List.of("h2", "h3")) {
      Path at = Files.createDirectories(base.resolve("at-" + host));
      hosts.add(
          new Child(
              host,
              context.java(
                  Main.class,
                  "mount",
                  "--name=" + host,
                  "--home=127.0.0.1:" + port,
                  "--tls=" + base.resolve(host),
                  root.toString(),
                  at.toString())));
      hosts.getLast().expect("ready");
      places.add(new Place(host, at));
    }
  }

  /**
   * What came of it.
   *
   * @param stale rounds in which something old was seen, by the kind of change
   */
  public record Result(int rounds, double seconds, Map<Change, Integer> stale, List<String> some) {
    /** How many there were. */
    public int total() {
      return stale.values().stream().mapToInt(Integer::intValue).sum();
    }
  }

  /**
   * Runs rounds.
   *
   * @param load whether others work in the same directory all the while
   */
  public Result run(int rounds, long seed, boolean load) throws IOException, InterruptedException {
    loaded = load;
    List<Thread> others = load ? startLoad() : List.of();
    Map<Change, Integer> stale = new TreeMap<>();
    List<String> some = new ArrayList<>();
    Random random = new Random(seed);
    long start = System.nanoTime();
    for (int round = 1; round <= rounds; round++) {
      Change change = pick(random);
      Place writer = places.get(random.nextInt(places.size()));
      Place reader = places.get(random.nextInt(places.size()));
      if (writer == reader) {
        continue;
      }
      String wrong = round(round, change, writer, reader, "f" + random.nextInt(FILES));
      if (!wrong.isEmpty()) {
        stale.merge(change, 1, Integer::sum);
        if (some.size() < 20) {
          some.add(wrong);
        }
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    loaded = false;
    for (Thread other : others) {
      other.join();
    }
    return new Result(rounds, seconds, stale, some);
  }

  private static Change pick(Random random) {
    List<Change> all = List.of(Change.values());
    return all.get(random.nextInt(all.size()));
  }

  private String round(int round, Change change, Place writer, Place reader, String file)
      throws IOException {
    Place atHome = places.getFirst();
    for (String name : List.of(file + "-away", file + "-new")) {
      atHome.delete(name);
    }
    change.prepare(atHome, file);
    tell(atHome, writer);
    tell(atHome, reader);
    // The reader gets to know the state before, so that it has something to be stale with.
    look(reader, file);
    try {
      change.make(writer, file, round);
    } catch (IOException | RuntimeException e) {
      // What was told to the writer is not so for it.
      return "round %d: %s at %s: %s".formatted(round, change, writer.name(), e);
    }
    tell(writer, reader);
    String seen = look(reader, file);
    String there = look(atHome, file);
    return seen.equals(there)
        ? ""
        : "round %d: %s at %s, seen at %s: %s, but there is: %s"
            .formatted(round, change, writer.name(), reader.name(), seen, there);
  }

  /** All that can be seen of a file. */
  private static String look(Place at, String file) {
    StringBuilder all = new StringBuilder(at.stat(file));
    if (at.isRegular(file)) {
      String text = at.read(file);
      all.append(" '").append(text).append('\'');
      if (text.length() >= 8) {
        all.append(" '").append(at.map(file, 8)).append('\'');
      }
    } else {
      all.append(' ').append(at.target(file));
    }
    return all.append(' ')
        .append(at.stat(file + "-away"))
        .append(' ')
        .append(at.list(file + "-"))
        .toString();
  }

  /** A message from one host to another, by way of the home. */
  private void tell(Place from, Place to) throws IOException {
    if (!from.isHome()) {
      Child child = hosts.get(places.indexOf(from) - 1);
      child.say("tell");
      child.expect("done");
    }
    if (!to.isHome()) {
      home.say("tell " + to.name());
      home.expect("done");
      hosts.get(places.indexOf(to) - 1).expect("heard");
    }
  }

  /** Others who look at and change neighbouring files, at home and abroad. */
  private List<Thread> startLoad() {
    List<Thread> others = new ArrayList<>();
    for (Place place : places) {
      others.add(Thread.ofPlatform().start(() -> disturb(place)));
    }
    return others;
  }

  private void disturb(Place place) {
    Random random = new Random(place.name().hashCode());
    while (loaded) {
      String other = "g" + random.nextInt(8) + place.name();
      try {
        place.write(other, "noise");
        look(place, "f" + random.nextInt(FILES));
        place.rename(other, other + "x");
        place.delete(other + "x");
      } catch (IOException | RuntimeException _) {
        // Others are at it, too.
      }
    }
  }

  @Override
  public void close() throws IOException {
    hosts.forEach(Child::close);
    home.close();
    Tree.delete(base);
  }
}
