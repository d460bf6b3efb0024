package hob.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hob.image.TreeWalk;
import hob.linux.ControlGroups;
import hob.linux.ProcFs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Control groups of processes abroad are those that the rule of their host gives. */
class ForeignGroupsTest {
  private static final List<String> HIERARCHIES = List.of("pids", "cpuset", "memory", "unified");

  @TempDir Path directory;

  private final String mark = "/hob-test-" + ProcessHandle.current().pid();
  private final Map<String, Path> mounts = new LinkedHashMap<>();

  ForeignGroupsTest() {
    ControlGroups.mounts()
        .forEach((name, mount) -> {
          if (HIERARCHIES.contains(name)) {
            mounts.put(name, mount);
          }
        });
  }

  @AfterEach
  void noGroupIsLeft() throws IOException {
    List<Path> left = new ArrayList<>();
    for (Path mount : mounts.values()) {
      for (String which : List.of("-h1/inner", "-h1", "-h2", "-h3")) {
        Path group = Path.of(mount + mark + which);
        if (!which.startsWith("-h1") && Files.exists(group)) {
          left.add(group);
        }
        Files.deleteIfExists(group);
      }
    }
    assertThat(left).isEmpty();
  }

  private ForeignGroups below(String prefix) {
    Map<String, String> all = new LinkedHashMap<>();
    mounts.keySet().forEach(name -> all.put(name, prefix));
    return new ForeignGroups(all);
  }

  private static final String SCRIPT =
      """
      child = os.fork()
      if child == 0:
        asked('born')
        if os.fork() == 0:
          done('born')
          time.sleep(60)
        while not os.path.exists(home + '/go'): time.sleep(0.01)
        os._exit(0)
      ready()
      assert os.waitpid(child, 0)[1] == 0
      """;

  /** The groups of a tree in one hierarchy, parents first. */
  private static List<String> groups(List<Integer> pids, String hierarchy) {
    return pids.stream().map(p -> ControlGroups.of(p).getOrDefault(hierarchy, "?")).toList();
  }

  private void home(int pid, int child) throws IOException {
    for (var e : mounts.entrySet()) {
      Path outer = Path.of(e.getValue() + mark + "-h1");
      for (Path group : List.of(outer, outer.resolve("inner"))) {
        Files.createDirectories(group);
        for (String file : List.of("cpuset.cpus", "cpuset.mems")) {
          if (e.getKey().equals("cpuset")) {
            Files.writeString(
                group.resolve(file), Files.readString(group.resolve("..").resolve(file)));
          }
        }
      }
      ControlGroups.enter(outer, pid);
      ControlGroups.enter(outer.resolve("inner"), child);
    }
  }

  @Test
  void processesAreWhereTheRuleOfTheirHostSays() throws Exception {
    assertThat(mounts).isNotEmpty();
    Map<String, ForeignGroups> rules = Map.of("h2", below(mark + "-h2"), "h3", below(mark + "-h3"));
    try (MovedProgram p = MovedProgram.start(directory, SCRIPT);
        Hosts hosts = new Hosts(directory.resolve("state"), rules, "h1", "h2", "h3", "h4")) {
      List<Integer> atHome = new TreeWalk(p.pid()).get();
      home(p.pid(), atHome.get(1));
      SessionId id = p.id();
      hosts.move(id, "h1", "h2");
      are(hosts.engine("h2").session(id, "h2").tree(), "-h2" + mark + "-h1");
      does("born");
      hosts.move(id, "h2", "h4");
      hosts.move(id, "h4", "h3");
      List<Integer> there = hosts.engine("h3").session(id, "h3").tree();
      assertThat(there).hasSize(3);
      are(there, "-h3" + mark + "-h1");
      hosts.move(id, "h3", "h1");
      are(new TreeWalk(p.pid()).get(), "-h1");
      p.check();
    }
    Awaitility.await()
        .atMost(Duration.ofSeconds(5))
        .until(() -> mounts.values().stream().allMatch(m -> empty(Path.of(m + mark + "-h1"))));
  }

  private static boolean empty(Path group) {
    return ProcFs.text(group.resolve("cgroup.procs").toString()).isEmpty();
  }

  /** The first in one group, all others in the one below that. */
  private void are(List<Integer> tree, String outer) {
    for (String hierarchy : mounts.keySet()) {
      List<String> wanted = new ArrayList<>(List.of(mark + outer));
      tree.stream().skip(1).forEach(x -> wanted.add(mark + outer + "/inner"));
      assertThat(groups(tree, hierarchy)).as(hierarchy).isEqualTo(wanted);
    }
  }

  private void does(String what) throws IOException {
    Files.writeString(directory.resolve("asked-" + what), "");
    Awaitility.await(what)
        .atMost(Duration.ofSeconds(20))
        .until(() -> Files.exists(directory.resolve("done-" + what)));
  }

  @Test
  void groupsThatCannotBeEnteredAreToldBeforeAnythingStops() throws Exception {
    Map<String, ForeignGroups> rules = Map.of("h2", new ForeignGroups(Map.of("nonesuch", "/hob")));
    try (MovedProgram p = MovedProgram.start(directory, "ready()\n");
        Hosts hosts = new Hosts(directory.resolve("state"), rules, "h1", "h2")) {
      assertThatThrownBy(() -> hosts.move(p.id(), "h1", "h2"))
          .isInstanceOf(MoveRefusedException.class)
          .hasMessageContaining("has no control groups of nonesuch");
      p.check();
    }
  }
}
