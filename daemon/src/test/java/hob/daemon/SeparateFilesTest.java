package hob.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hob.cli.DaemonException;
import hob.testbed.Completed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Moves between hosts that share no files of users; h1 is home. */
final class SeparateFilesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @RegisterExtension
  private static final BedOfClass BED = new BedOfClass(() -> Bed.separate("files-test"));

  private @Nullable Agent started;

  private static Bed bed() {
    return BED.bed();
  }

  @BeforeEach
  void start(TestInfo info) {
    started = Agent.start(bed(), "a" + Math.floorMod(info.getDisplayName().hashCode(), 1_000_000));
  }

  @AfterEach
  void end() {
    agent().end();
  }

  private Agent agent() {
    return Objects.requireNonNull(started);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/home", "/tmp", "/var", "/usr/local/games"})
  void foreignProcessReadsTheFilesOfItsHome(String directory) {
    agent().go("h2");
    assertThat(agent().ask("open('" + directory + "/hob-host').read().strip()")).isEqualTo("h1");
  }

  @Test
  void foreignProcessFindsItselfAtHome() {
    agent().go("h2");
    assertThat(agent().ask("open('/etc/hostname').read().strip() + os.uname().nodename"))
        .isEqualTo("h1h1");
    assertThat(agent().ask("os.getcwd() + ' ' + os.readlink('/proc/self/exe')"))
        .isEqualTo(agent().path("") + " " + realPython());
    assertThat(agent().ask("os.path.exists('/dev/vda'), open('/dev/null', 'w').write('x')"))
        .isEqualTo("(False, 1)");
  }

  private String realPython() {
    return bed()
        .host("h1")
        .run("python3", "-c", "import os, sys; print(os.path.realpath(sys.executable))")
        .output()
        .strip();
  }

  /** Its parent at home looks as soon as it knows of the end. */
  @Test
  void whatWasWrittenAbroadIsAtHomeWhenTheProcessHasEnded() throws IOException {
    agent().go("h2");
    agent()
        .tell(
            "!f = open('%s', 'wb'); [f.write(bytes([i %% 251]) * 4096) for i in range(1000)]; f.close(); sys.exit(7)"
                .formatted(agent().path("large")));
    assertThat(agent().status()).isEqualTo(7);
    byte[] written = Files.readAllBytes(agent().atHome("large"));
    assertThat(written).hasSize(1000 * 4096);
    for (int i = 0; i < 1000; i++) {
      assertThat(written[i * 4096]).isEqualTo((byte) (i % 251));
    }
  }

  @Test
  void whatASignalTellsOfIsSeenAbroad() throws IOException {
    Files.writeString(agent().atHome("told"), "0");
    agent().go("h2");
    agent()
        .ask(
            "!signal.signal(signal.SIGUSR1, lambda *_: open('%s', 'a').write(open('%s').read() + ' '))"
                .formatted(agent().path("seen"), agent().path("told")));
    StringBuilder expected = new StringBuilder();
    for (int i = 1; i <= 50; i++) {
      expected.append(i).append(' ');
      // Of one length, so that nothing but the contents tells the change.
      bed()
          .host("h1")
          .run(
              "sh",
              "-c",
              "echo -n %d >%s; kill -USR1 %d".formatted(i, agent().path("told"), agent().pid()));
      Awaitility.await()
          .atMost(PATIENCE)
          .pollInterval(Duration.ofMillis(2))
          .until(() -> seen().length() >= expected.length());
      assertThat(seen()).isEqualTo(expected.toString());
    }
  }

  private String seen() throws IOException {
    Path seen = agent().atHome("seen");
    return Files.exists(seen) ? Files.readString(seen) : "";
  }

  @Test
  void openFilesStayTheSameThroughMoves() throws IOException {
    Files.writeString(agent().atHome("old"), "0123456789");
    Files.writeString(agent().atHome("unlinked"), "abcdefghij");
    agent().ask("!state['r'] = os.open('%s', os.O_RDWR)".formatted(agent().path("old")));
    agent().ask("!state['u'] = os.open('%s', os.O_RDWR)".formatted(agent().path("unlinked")));
    agent().ask("!state['d'] = os.dup(state['r'])");
    assertThat(agent().ask("os.read(state['r'], 3)")).isEqualTo("b'012'");
    assertThat(agent().ask("os.read(state['u'], 2)")).isEqualTo("b'ab'");
    Files.delete(agent().atHome("unlinked"));
    agent().go("h2");
    Files.move(agent().atHome("old"), agent().atHome("renamed"));
    assertThat(agent().ask("os.read(state['d'], 2)")).isEqualTo("b'34'");
    assertThat(agent().ask("os.read(state['u'], 2)")).isEqualTo("b'cd'");
    agent().go("h3");
    assertThat(agent().ask("os.read(state['r'], 2)")).isEqualTo("b'56'");
    assertThat(agent().ask("os.read(state['u'], 2)")).isEqualTo("b'ef'");
    assertThat(agent().ask("os.pwrite(state['r'], b'X', 9)")).isEqualTo("1");
    agent().go("home");
    assertThat(Files.readString(agent().atHome("renamed"))).isEqualTo("012345678X");
    assertThat(agent().ask("os.read(state['d'], 9)")).isEqualTo("b'78X'");
    assertThat(agent().ask("os.read(state['u'], 9)")).isEqualTo("b'ghij'");
  }

  @Test
  void storesThroughSharedMappingsAreAtHomeWhenItRunsElsewhere() throws IOException {
    Files.write(agent().atHome("mapped"), new byte[1 << 20]);
    agent().go("h2");
    agent().ask("!state['f'] = open('%s', 'r+b')".formatted(agent().path("mapped")));
    agent().ask("!state['m'] = mmap.mmap(state['f'].fileno(), 0)");
    agent().ask("!state['m'][:] = b'm' * (1 << 20)");
    agent().go("h3");
    assertThat(agent().ask("state['m'][:].count(b'm')")).isEqualTo("1048576");
    agent().ask("!state['m'][5:7] = b'HI'");
    agent().go("home");
    assertThat(Files.readString(agent().atHome("mapped"))).hasSize(1 << 20).startsWith("mmmmmHIm");
  }

  @Test
  void aFullDiskAtHomeIsTheWritersError() {
    assertThat(
            bed()
                .host("h1")
                .run(
                    "sh",
                    "-c",
                    "mkdir -p /home/small && mount -t tmpfs -o size=1m none /home/small && df /home/small"))
        .satisfies(done -> assertThat(done.error() + done.output()).contains("1024"));
    agent().go("h2");
    assertThat(
            agent()
                .ask("os.write(os.open('/home/small/f', os.O_CREAT|os.O_WRONLY), b'x' * 500000)"))
        .isEqualTo("500000");
    assertThat(
            agent()
                .ask(
                    "[os.write(os.open('/home/small/g', os.O_CREAT|os.O_WRONLY|os.O_APPEND), b'x' * 300000) for i in range(4)]"))
        .contains("No space left on device");
    assertThat(agent().ask("open('/home/hob-host').read().strip()")).isEqualTo("h1");
    agent().go("home");
    bed().host("h1").run("umount", "-l", "/home/small");
  }

  /** It is root there as here, and tries what root can. */
  @Test
  void aForeignProcessFindsNoFileOfItsHost() {
    agent().go("h2");
    String marker = "hob-host').read().strip()";
    for (String path :
        List.of(
            "/../../../home/",
            "/proc/1/root/home/",
            "/proc/self/root/home/",
            "/proc/1/cwd/home/")) {
      assertThat(agent().ask("open('" + path + marker)).isEqualTo("h1");
    }
    // The way out of a chroot(2).
    assertThat(
            agent()
                .ask(
                    "[os.mkdir('%1$s'), os.chroot('%1$s'), [os.chdir('..') for i in range(20)], os.chroot('.')] and open('/home/%2$s"
                        .formatted(agent().path("jail"), marker)))
        .isEqualTo("h1");
    // What has the host's disk is not mounted, and its devices cannot be opened.
    assertThat(
            agent()
                .ask(
                    "[l.split()[1] for l in open('/proc/mounts') if l.split()[2] == 'ext4' and not l.split()[1].startswith('/var/site')]"))
        .isEqualTo("[]");
    agent().ask("!os.mknod('%s', 0o60666, os.stat('/').st_dev)".formatted(agent().path("disk")));
    assertThat(agent().ask("open('%s', 'rb')".formatted(agent().path("disk")))).contains("Error");
  }

  @Test
  void aLockHeldAbroadIsHeldAtHomeAndNotLostByAMove() throws DaemonException {
    agent().go("h2");
    agent().ask("!state['l'] = open('%s', 'w')".formatted(agent().path("locked")));
    agent().ask("!import fcntl; fcntl.lockf(state['l'], fcntl.LOCK_EX)");
    assertThat(tryLock().status()).isNotZero();
    assertThatThrownBy(() -> agent().migrate("home"))
        .hasMessageContaining("holds a lock on a file of its home");
    agent().ask("!import fcntl; fcntl.lockf(state['l'], fcntl.LOCK_UN)");
    assertThat(tryLock().status()).isZero();
    agent().migrate("home");
  }

  private Completed tryLock() {
    return bed()
        .host("h1")
        .run(
            "python3",
            "-c",
            "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)",
            agent().path("locked"));
  }

  @Test
  void whatTheSiteSharesIsTheHostsOwn() {
    for (String host : List.of("h1", "h2")) {
      bed()
          .host(host)
          .run("sh", "-c", "mkdir -p %s; echo %s > %1$s/whose".formatted(Bed.SITE, host));
    }
    agent().go("h2");
    assertThat(agent().ask("open('" + Bed.SITE + "/whose').read().strip()")).isEqualTo("h2");
    assertThat(agent().ask("open('/var/hob-host').read().strip()")).isEqualTo("h1");
  }

  @Test
  void anOrdinaryUserHasHisRightsAtHomeAndNoMore() throws IOException {
    Path secret = Files.writeString(agent().atHome("secret"), "secret");
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
    Agent user =
        Agent.start(
            bed(),
            "user",
            "env PATH=/usr/bin:/bin setpriv --reuid=4321 --regid=4321 --clear-groups");
    try {
      user.go("h2");
      assertThat(user.ask("open('%s').read()".formatted(agent().path("secret"))))
          .contains("PermissionError");
      assertThat(user.ask("open('%s', 'w').write('mine')".formatted(user.path("mine"))))
          .isEqualTo("4");
      assertThat(Files.getAttribute(user.atHome("mine"), "unix:uid")).isEqualTo(4321);
      user.go("home");
      assertThat(user.ask("os.getuid()")).isEqualTo("4321");
    } finally {
      user.end();
    }
  }

  @Test
  void aMountIsKeptForTheNextSession() {
    agent().go("h2");
    List<String> before = Agent.mountsOn(bed(), "h2");
    assertThat(before).isNotEmpty();
    agent().end();
    Agent next = Agent.start(bed(), "next");
    next.go("h2");
    assertThat(Agent.mountsOn(bed(), "h2")).isEqualTo(before);
    next.end();
  }

  @Test
  void nothingHangsWhenTheHomeHasLostWhatItKnew() {
    agent().go("h2");
    agent()
        .tell(
            "!exec('while True: open(\"/home/hob-host\").read(); open(\"%s\", \"a\").write(\"x\")')"
                .formatted(agent().path("busy")));
    Awaitility.await().atMost(PATIENCE).until(() -> Files.exists(agent().atHome("busy")));
    bed().host("h1").killDaemonAndHold();
    assertThat(bed().host("h1").run("sh", "-c", "rm -r /run/hob/guests").status()).isZero();
    bed().host("h1").startDaemon();
    bed().awaitPeers();
    assertThat(agent().status()).isEqualTo(137);
    Awaitility.await().atMost(PATIENCE).until(() -> Agent.mountsOn(bed(), "h2").isEmpty());
    Agent next = Agent.start(bed(), "after");
    next.go("h2");
    assertThat(next.ask("open('/home/hob-host').read().strip()")).isEqualTo("h1");
    next.end();
  }
}
