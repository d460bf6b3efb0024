package hob.testbed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is written where, for both versions of cgroups; directories stand in for the hierarchies,
 * since no machine has the cpu controller in both.
 */
class CgroupsTest {
  @TempDir Path mount;

  private Cgroups version2(String controllers) throws IOException {
    Files.writeString(mount.resolve("cgroup.controllers"), controllers);
    return Cgroups.of("proc /proc proc rw 0 0\ncgroup2 " + mount + " cgroup2 rw,nosuid 0 0");
  }

  @Test
  void version2HandsTheControllerDownAndSetsTheQuota() throws IOException {
    Cgroups cgroups = version2("cpuset cpu io memory");
    Path host = cgroups.create("bed/h1").getFirst();

    cgroups.limit("bed/h1", new CpuQuota(0.2));

    assertThat(host).isEqualTo(mount.resolve("hob-testbed/bed/h1"));
    assertThat(host.resolve("cpu.max")).hasContent("2000 10000");
    for (String above : new String[] {"", "hob-testbed", "hob-testbed/bed"}) {
      assertThat(mount.resolve(above).resolve("cgroup.subtree_control")).hasContent("+cpu");
    }
    assertThat(host.resolve("cgroup.subtree_control")).doesNotExist();

    cgroups.limit("bed/h1", CpuQuota.UNLIMITED);
    assertThat(host.resolve("cpu.max")).hasContent("max 100000");
  }

  @Test
  void version2WithoutAQuotaIsLeftAsItIs() throws IOException {
    Cgroups cgroups = version2("cpu");
    Path host = cgroups.create("bed/h1").getFirst();

    cgroups.limit("bed/h1", CpuQuota.UNLIMITED);

    assertThat(host).isEmptyDirectory();
    assertThat(mount.resolve("cgroup.subtree_control")).doesNotExist();
  }

  @Test
  void version1SetsPeriodAndQuota() {
    Cgroups cgroups =
        Cgroups.of(
            "cgroup " + mount + " cgroup rw,relatime,cpu,cpuacct 0 0\nx /x cgroup rw,pids 0 0");
    Path host = cgroups.create("bed/h1").getFirst();

    cgroups.limit("bed/h1", new CpuQuota(0.05));

    assertThat(host.resolve("cpu.cfs_period_us")).hasContent("100000");
    assertThat(host.resolve("cpu.cfs_quota_us")).hasContent("5000");
  }

  @Test
  void quotaWithoutAControllerIsRefused() throws IOException {
    Cgroups cgroups = version2("memory");
    cgroups.create("bed/h1");

    assertThatThrownBy(() -> cgroups.limit("bed/h1", new CpuQuota(1)))
        .isInstanceOf(TestbedException.class)
        .hasMessageContaining("cpu controller");
    cgroups.limit("bed/h1", CpuQuota.UNLIMITED);
  }

  @Test
  void removalTakesWhatDaemonsMadeBelow() throws IOException {
    Cgroups cgroups = version2("cpu");
    Path host = cgroups.create("bed/h1").getFirst();
    Files.createDirectories(host.resolve("sandbox/inner"));

    assertThat(cgroups.names()).containsExactly("bed");
    assertThat(cgroups.remove("bed")).isTrue();

    assertThat(mount.resolve("hob-testbed")).doesNotExist();
  }
}
