package hob.testbed;

import java.util.regex.Pattern;

/**
 * What a testbed is to be like. Start from {@link #standard()} and change what matters.
 *
 * @param name tells testbeds on one machine apart: lower-case letters, digits, '-' and '_', at most
 *     32
 * @param hosts how many, 1 to 99; they are called h1, h2, ...
 * @param cpu of each host
 * @param rate of each host's link, each way
 * @param daemon of each host
 * @param endsWithMaker whether all processes of the testbed are killed when the program that made
 *     it ends, however it ends; what is left then goes with the next {@link Testbed#up}
 * @param separate whether each host has a /home, /tmp, /var and /etc/hostname of its own, and in
 *     /usr/local/games; a file hob-host in each of these directories names the host
 */
public record TestbedSpec(
    String name,
    int hosts,
    CpuQuota cpu,
    LinkRate rate,
    DaemonSpec daemon,
    boolean endsWithMaker,
    boolean separate) {
  /** The testbed that `hob testbed` means when it is given no name. */
  public static final String DEFAULT_NAME = "default";

  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_-]{0,31}");

  private static final boolean SEPARATE = "1".equals(System.getenv("HOB_TESTBED_SEPARATE"));

  private static final int MOST_HOSTS = 99;

  public TestbedSpec {
    checkName(name);
    if (hosts < 1 || hosts > MOST_HOSTS) {
      throw new IllegalArgumentException(
          "a testbed cannot have " + hosts + " hosts: give a number from 1 to " + MOST_HOSTS);
    }
  }

  /**
   * Three hosts that share the machine without limits and run hobd. They share files too, unless
   * the environment says {@code HOB_TESTBED_SEPARATE=1}.
   */
  public static TestbedSpec standard() {
    return new TestbedSpec(
        DEFAULT_NAME,
        3,
        CpuQuota.UNLIMITED,
        LinkRate.UNLIMITED,
        DaemonSpec.hobd(),
        false,
        SEPARATE);
  }

  static void checkName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "a testbed cannot be called '"
              + name
              + "': give at most 32 of a-z, 0-9, '-' and '_', the first a letter or digit");
    }
  }

  public TestbedSpec withName(String name) {
    return new TestbedSpec(name, hosts, cpu, rate, daemon, endsWithMaker, separate);
  }

  public TestbedSpec withHosts(int hosts) {
    return new TestbedSpec(name, hosts, cpu, rate, daemon, endsWithMaker, separate);
  }

  public TestbedSpec withCpu(CpuQuota cpu) {
    return new TestbedSpec(name, hosts, cpu, rate, daemon, endsWithMaker, separate);
  }

  public TestbedSpec withRate(LinkRate rate) {
    return new TestbedSpec(name, hosts, cpu, rate, daemon, endsWithMaker, separate);
  }

  public TestbedSpec withDaemon(DaemonSpec daemon) {
    return new TestbedSpec(name, hosts, cpu, rate, daemon, endsWithMaker, separate);
  }

  public TestbedSpec endingWithMaker() {
    return new TestbedSpec(name, hosts, cpu, rate, daemon, true, separate);
  }

  /** Hosts that share no files of users; a daemon serves its own to those that it sends to. */
  public TestbedSpec withSeparateFiles() {
    return new TestbedSpec(name, hosts, cpu, rate, daemon, endsWithMaker, true);
  }
}
