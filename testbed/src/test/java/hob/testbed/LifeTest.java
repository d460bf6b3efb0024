package hob.testbed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Testbeds come up, and go without a trace, whatever was killed before. */
class LifeTest {
  @RegisterExtension static final Beds BEDS = new Beds();

  private static final Pattern OURS = Pattern.compile("h[0-9]+|switch|veth.*");

  private Set<String> before = Set.of();

  @BeforeEach
  void look() throws IOException {
    before = linksAndMounts();
  }

  @Test
  void downLeavesNothing() throws Exception {
    Testbed testbed = Testbed.up(BEDS.spec("life"));
    testbed.host("h1").spawn(List.of("sleep", "1000"), Path.of("/dev/null"));
    testbed
        .host("h1")
        .run("unshare", "-m", "-p", "-f", "sh", "-c", "sleep 1000 & mount -t tmpfs x /mnt");
    Process open = testbed.host("h2").exec(List.of("cat"));
    List<ProcessId> members = members(testbed.name());
    assertThat(Testbed.names()).contains(testbed.name());

    testbed.down();

    assertThat(open.waitFor()).isNotZero();
    assertNothingLeft(testbed.name(), members);
    assertThat(Testbed.names()).doesNotContain(testbed.name());
    assertThat(Testbed.down(testbed.name())).isFalse();
  }

  @Test
  void twoAtOnceDoNotMeet() throws Exception {
    TestbedSpec red = BEDS.spec("red");
    TestbedSpec blue = BEDS.spec("blue");
    try (ExecutorService both = Executors.newFixedThreadPool(2)) {
      Future<Testbed> one = both.submit(() -> Testbed.up(red));
      Future<Testbed> two = both.submit(() -> Testbed.up(blue));

      assertThat(one.get().host("h1").address()).isNotEqualTo(two.get().host("h1").address());
      List<ProcessId> members = members(blue.name());
      assertThat(members(red.name())).isNotEmpty().doesNotContainAnyElementsOf(members);

      one.get().down();
      assertThat(two.get().host("h2").run("true").status()).isZero();
      two.get().down();
      assertNothingLeft(blue.name(), members);
    }
  }

  @Test
  void anotherProgramCanUseIt() {
    TestbedSpec spec =
        BEDS.spec("attach").withCpu(new CpuQuota(0.5)).withRate(LinkRate.parse("10mbit"));
    Testbed.up(spec);

    Testbed attached = Testbed.attach(spec.name());

    assertThat(attached.hosts()).extracting(Host::name).containsExactly("h1", "h2");
    assertThat(attached.host("h2").cpu()).isEqualTo(spec.cpu());
    assertThat(attached.host("h2").rate()).isEqualTo(spec.rate());
    assertThat(attached.host("h2").alive()).isTrue();
    assertThatThrownBy(() -> attached.host("h3")).hasMessageContaining("it has [h1, h2]");
  }

  @Test
  void nameThatIsTakenIsRefused() {
    TestbedSpec spec = BEDS.spec("twice");
    Testbed.up(spec);

    assertThatThrownBy(() -> Testbed.up(spec))
        .isInstanceOf(TestbedException.class)
        .hasMessageContaining("is up already");
    assertThat(Testbed.attach(spec.name()).host("h1").run("true").status()).isZero();
  }

  @Test
  void unknownNameIsRefused() {
    assertThatThrownBy(() -> Testbed.attach("t-nowhere"))
        .hasMessage("no testbed 't-nowhere' is up; start it with: hob testbed up --name t-nowhere");
  }

  @Test
  void downAfterEverythingWasKilledLeavesNothing() throws Exception {
    Testbed testbed = Testbed.up(BEDS.spec("killed"));
    List<ProcessId> members = members(testbed.name());
    for (long pid : Cgroups.detect().processes(testbed.name())) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }

    assertThat(Testbed.down(testbed.name())).isTrue();

    assertNothingLeft(testbed.name(), members);
  }

  @Test
  void downFreesFrozenProcesses() throws Exception {
    Testbed testbed = Testbed.up(BEDS.spec("frozen"));
    List<ProcessId> members = members(testbed.name());
    testbed.host("h1").spawn(List.of("sleep", "1000"), Path.of("/dev/null"));
    for (Path group : Cgroups.detect().groups(testbed.name() + "/h1")) {
      for (String file : List.of("freezer.state", "cgroup.freeze")) {
        if (Files.exists(group.resolve(file))) {
          Files.writeString(group.resolve(file), file.equals("freezer.state") ? "FROZEN" : "1");
        }
      }
    }

    testbed.down();

    assertNothingLeft(testbed.name(), members);
  }

  @Test
  void whatAKilledUpLeftIsRemovedByTheNextUp() throws Exception {
    String name = BEDS.name("dead-up");
    Layout layout = new Layout(name);
    Process up = NeverReady.start(name);
    try {
      await().until(() -> layout.hosts().size() == 2 && layout.switchProcess().isPresent());
      assertThat(Testbed.names()).doesNotContain(name);
      List<ProcessId> members = members(name);

      up.destroyForcibly().waitFor();
      Testbed.up(BEDS.spec("next"));

      assertNothingLeft(name, members);
    } finally {
      up.destroyForcibly();
    }
  }

  /** Makes a testbed whose daemons never listen. */
  static final class NeverReady {
    private NeverReady() {}

    /** As a program of its own. */
    static Process start(String name) throws IOException {
      return Program.start(NeverReady.class, name);
    }

    public static void main(String[] args) {
      Testbed.up(
          TestbedSpec.standard()
              .withName(args[0])
              .withHosts(2)
              .withDaemon(DaemonSpec.of(List.of("sleep", "1000"))));
    }
  }

  @Test
  void testbedThatIsToEndWithItsMakerDoesSo() throws Exception {
    String name = BEDS.name("mortal");
    Process maker = Maker.start(name);
    try {
      assertThat(maker.getInputStream().read()).isEqualTo(Maker.UP);
      List<ProcessId> members = members(name);
      assertThat(members).hasSizeGreaterThanOrEqualTo(3).allMatch(ProcessId::alive);

      maker.destroyForcibly().waitFor();

      await().until(() -> members.stream().noneMatch(ProcessId::alive));
      Testbed.up(BEDS.spec("after"));
      assertNothingLeft(name, members);
    } finally {
      maker.destroyForcibly();
    }
  }

  /** Makes a testbed that ends with it, says so, and waits. */
  static final class Maker {
    static final int UP = '1';

    private Maker() {}

    static Process start(String name) throws IOException {
      return Program.start(Maker.class, name);
    }

    public static void main(String[] args) throws IOException {
      Testbed.up(
          TestbedSpec.standard()
              .withName(args[0])
              .withHosts(2)
              .withDaemon(DaemonSpec.none())
              .endingWithMaker());
      System.out.write(UP);
      System.out.flush();
      int end = System.in.read();
      System.exit(end);
    }
  }

  /** A class's main method as a program of its own. */
  private static final class Program {
    static Process start(Class<?> main, String argument) throws IOException {
      return new ProcessBuilder(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-cp",
              System.getProperty("java.class.path"),
              main.getName(),
              argument)
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start();
    }
  }

  @Test
  void upThatIsAskedToEndCleansUp() throws Exception {
    String name = BEDS.name("ended-up");
    Layout layout = new Layout(name);
    Process up = NeverReady.start(name);
    try {
      await().until(() -> layout.hosts().size() == 2 && layout.switchProcess().isPresent());
      List<ProcessId> members = members(name);

      up.destroy();
      up.waitFor();

      assertNothingLeft(name, members);
    } finally {
      up.destroyForcibly();
    }
  }

  @Test
  void testbedWithoutRunFilesIsRemovedByTheNextUp() throws Exception {
    Testbed lost = Testbed.up(BEDS.spec("lost"));
    List<ProcessId> members = members(lost.name());
    Layout.deleteTree(new Layout(lost.name()).run()); // as when somebody cleans /run

    Testbed.up(BEDS.spec("finder"));

    assertNothingLeft(lost.name(), members);
  }

  @Test
  void namespaceHeldFromOutsideIsNamed() throws Exception {
    Testbed testbed = Testbed.up(BEDS.spec("held"));
    Process holder =
        new ProcessBuilder("nsenter", "-t", "" + testbed.host("h1").init(), "-n", "sleep", "1000")
            .start();
    await().until(() -> members(testbed.name()).stream().anyMatch(p -> p.pid() == holder.pid()));

    try {
      assertThatThrownBy(testbed::down).hasMessageContaining("" + holder.pid());
      assertThat(Testbed.names()).doesNotContain(testbed.name());
    } finally {
      holder.destroyForcibly().waitFor();
    }
  }

  // ------------------------------------------------------------------ traces

  /** All processes in the testbed's namespaces, as long as it is up. */
  private static List<ProcessId> members(String name) {
    Layout layout = new Layout(name);
    Set<String> namespaces = new HashSet<>();
    layout.hosts().forEach(h -> namespaces.addAll(Namespaces.of(layout.init(h).orElseThrow())));
    namespaces.addAll(Namespaces.of(layout.switchProcess().orElseThrow(), List.of("net")));
    assertThat(namespaces).isNotEmpty();
    return Namespaces.members(namespaces);
  }

  private void assertNothingLeft(String name, List<ProcessId> members) throws IOException {
    assertThat(members).isNotEmpty();
    // A command that was just on its way in when its host died notices in a moment.
    await().untilAsserted(() -> assertThat(members).noneMatch(ProcessId::alive));
    assertThat(Cgroups.detect().groups(name)).as("control groups").isEmpty();
    assertThat(linksAndMounts()).as("links and mounts").isEqualTo(before);
    Layout layout = new Layout(name);
    assertThat(layout.run()).doesNotExist();
    assertThat(layout.disk()).doesNotExist();
    assertThat(Layout.list(Layout.ids()))
        .as("networks")
        .noneMatch(link -> Files.isSymbolicLink(link) && target(link).equals(name));
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return ""; // another testbed's, gone meanwhile
    }
  }

  /** Those of this machine that might be a testbed's; others may come and go meanwhile. */
  private static Set<String> linksAndMounts() throws IOException {
    Set<String> found =
        Layout.list(Path.of("/sys/class/net")).stream()
            .map(link -> link.getFileName().toString())
            .filter(link -> OURS.matcher(link).matches())
            .collect(Collectors.toSet());
    try (var mounts = Files.lines(Path.of("/proc/self/mountinfo"))) {
      mounts
          .filter(mount ->
              mount.contains("hob") || mount.contains("/etc/hosts") || mount.contains(" net:["))
          .forEach(found::add);
    }
    return found;
  }
}
