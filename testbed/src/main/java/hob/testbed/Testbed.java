package hob.testbed;

import java.nio.file.Files;
import java.util.List;

/**
 * Hosts on one machine: each with its own network, pid, mount, uts and ipc namespaces, processor
 * quota, link and daemon. All see the machine's one file system, but each has a /proc and a
 * /run/hob of its own; and, if wished, users' files of its own ({@link TestbedSpec#separate}).
 *
 * <p>A testbed lives on when the program that made it ends. Needs root. Safe for use by several
 * threads.
 */
public final class Testbed implements AutoCloseable {
  /** What is to be found under a testbed's name. */
  enum Phase {
    /** Nothing. */
    ABSENT,
    /** Somebody is making or removing it. */
    CHANGING,
    UP,
    /** Its maker died half-way, or all its hosts are dead. */
    STALE
  }

  private final Layout layout;

  private Testbed(Layout layout) {
    this.layout = layout;
  }

  /**
   * Makes a testbed and returns when all daemons are ready. Removes whatever dead testbeds left,
   * its own parts included when it fails or the program is asked to end meanwhile.
   *
   * @throws TestbedException when there is one of that name, or something does not work
   */
  public static Testbed up(TestbedSpec spec) {
    Layout layout = new Layout(spec.name());
    requireRoot();
    Removal.removeStale();
    if (!layout.claim(ProcessId.self())) {
      throw new TestbedException(
          "testbed '%s' is up already; use it, or first: hob testbed down --name %s"
              .formatted(spec.name(), spec.name()));
    }
    Thread builder = Thread.currentThread();
    Thread onExit = new Thread(() -> abandon(builder), "testbed-abandon");
    Runtime.getRuntime().addShutdownHook(onExit);
    boolean done = false;
    try {
      new Construction(spec, layout).run();
      done = true;
    } finally {
      if (!done) {
        Thread.interrupted(); // the removal is not to be interrupted
        Removal.removeOwn(layout);
      }
      release(layout, onExit);
    }
    return new Testbed(layout);
  }

  private static void requireRoot() {
    if (!ProcessId.self().isRoot()) {
      throw new TestbedException("testbeds need root, for the namespaces; run it as root");
    }
  }

  /** Runs when the program is asked to end: has the builder clean up, and waits for that. */
  private static void abandon(Thread builder) {
    builder.interrupt();
    try {
      builder.join(10_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void release(Layout layout, Thread onExit) {
    Layout.deleteTree(layout.run().resolve("owner"));
    try {
      Runtime.getRuntime().removeShutdownHook(onExit);
    } catch (IllegalStateException e) {
      // It runs already.
    }
  }

  /**
   * A testbed that is up.
   *
   * @throws TestbedException when there is none of that name
   */
  public static Testbed attach(String name) {
    Layout layout = new Layout(name);
    return switch (phase(layout)) {
      case UP -> new Testbed(layout);
      case CHANGING ->
          throw new TestbedException(
              "testbed '" + name + "' is just being made or removed; try again in a moment");
      case ABSENT, STALE ->
          throw new TestbedException(
              "no testbed '%s' is up; start it with: hob testbed up%s"
                  .formatted(name, name.equals(TestbedSpec.DEFAULT_NAME) ? "" : " --name " + name));
    };
  }

  /** Names of the testbeds that are up, sorted. */
  public static List<String> names() {
    return Layout.names().stream().filter(name -> phase(new Layout(name)) == Phase.UP).toList();
  }

  /**
   * Removes a testbed, or what is left of one.
   *
   * @return false when there was nothing
   */
  public static boolean down(String name) {
    requireRoot();
    return Removal.remove(name);
  }

  static Phase phase(Layout layout) {
    if (layout.owner().map(ProcessId::alive).orElse(false)) {
      return Phase.CHANGING;
    }
    if (Files.exists(layout.run().resolve("owner"))) {
      return Phase.STALE;
    }
    if (layout.hosts().stream()
        .anyMatch(host -> layout.init(host).map(ProcessId::alive).orElse(false))) {
      return Phase.UP;
    }
    return Layout.names().contains(layout.name())
            || Cgroups.detect().names().contains(layout.name())
        ? Phase.STALE
        : Phase.ABSENT;
  }

  public String name() {
    return layout.name();
  }

  /** All hosts, h1 first. */
  public List<Host> hosts() {
    return layout.hosts().stream().map(host -> new Host(layout, host)).toList();
  }

  /** A host by its name. */
  public Host host(String name) {
    return hosts().stream()
        .filter(host -> host.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new TestbedException(
                "testbed '%s' has no host '%s'; it has %s"
                    .formatted(layout.name(), name, hosts())));
  }

  // ------------------------------------------------------------------ the network

  /** Loses every packet to and from the host, silently, as a failing switch would. */
  public void cutLink(String host) {
    fabric().cut(host(host).name());
    Layout.write(layout.run(host).resolve("link"), "cut");
  }

  /** Ends {@link #cutLink}. */
  public void restoreLink(String host) {
    fabric().restore(host(host).name());
    Layout.write(layout.run(host).resolve("link"), "up");
  }

  /** Changes the rate of the host's link, each way. */
  public void setRate(String host, LinkRate rate) {
    fabric().limit(host, rate);
    host(host).network("tc", Switch.shaper("eth0", rate));
    Layout.write(layout.run(host).resolve("rate"), rate);
  }

  /** Changes the host's share of the processors. */
  public void setCpu(String host, CpuQuota quota) {
    Cgroups.detect().limit(layout.name() + "/" + host(host).name(), quota);
    Layout.write(layout.run(host).resolve("cpu"), quota);
  }

  private Switch fabric() {
    return layout
        .switchProcess()
        .filter(ProcessId::alive)
        .map(Switch::new)
        .orElseThrow(() ->
            new TestbedException(
                "the switch of testbed '%s' is dead; end it with: hob testbed down --name %s"
                    .formatted(layout.name(), layout.name())));
  }

  /** Removes it, with all that runs on its hosts. */
  public void down() {
    down(layout.name());
  }

  @Override
  public void close() {
    down();
  }
}
