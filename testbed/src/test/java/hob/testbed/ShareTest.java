package hob.testbed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each host has the processor time and the link that it was given. */
class ShareTest {
  @RegisterExtension static final Beds BEDS = new Beds();

  /** Spins for a second and prints the share of a processor that it got. */
  private static final String SPIN =
      """
      import time
      end = time.monotonic() + 1
      used = time.process_time()
      while time.monotonic() < end: pass
      print(time.process_time() - used)
      """;

  private static Testbed testbed;

  @BeforeAll
  static void up() {
    testbed = BEDS.up(BEDS.spec("share"));
  }

  @Test
  void processorQuotaHolds() {
    Host h1 = testbed.host("h1");
    testbed.setCpu("h1", new CpuQuota(0.2));
    try {
      long throttled = throttled("h1");

      // Other work on the machine may take its part, so there is no telling how little it gets.
      assertThat(Double.parseDouble(h1.run("python3", "-c", SPIN).output())).isLessThan(0.25);
      assertThat(throttled("h1")).isGreaterThan(throttled);
    } finally {
      testbed.setCpu("h1", CpuQuota.UNLIMITED);
    }
    long throttled = throttled("h1");
    h1.run("python3", "-c", SPIN);
    assertThat(throttled("h1")).isEqualTo(throttled);
  }

  /** How often the host's quota was used up, cpu.stat of either version of cgroups. */
  private static long throttled(String host) {
    return Cgroups.detect().groups(testbed.name() + "/" + host).stream()
        .flatMap(group -> Layout.read(group.resolve("cpu.stat")).lines())
        .filter(line -> line.startsWith("nr_throttled "))
        .mapToLong(line -> Long.parseLong(line.substring("nr_throttled ".length())))
        .sum();
  }

  @ParameterizedTest
  @CsvSource({"h1,h2,10mbit,2000000", "h2,h1,100mbit,20000000", "h1,h2,1gbit,150000000"})
  void linkRateHolds(String from, String to, String text, int bytes) throws Exception {
    LinkRate rate = LinkRate.parse(text);
    // One end suffices to bound a path; either direction of a link is bounded.
    testbed.setRate("h1", rate);
    try {
      assertThat((double) throughput(from, to, bytes))
          .isCloseTo((double) rate.bitsPerSecond(), Percentage.withPercentage(25));
    } finally {
      testbed.setRate("h1", LinkRate.UNLIMITED);
    }
  }

  @Test
  void linkWithoutALimitIsFasterThanAGigabit() throws Exception {
    assertThat(throughput("h1", "h2", 200_000_000)).isGreaterThan(1_000_000_000);
  }

  private static long throughput(String from, String to, int bytes) throws Exception {
    String address = testbed.host(to).address();
    Process receiver = testbed.host(to).exec(Beds.python("stream.py", "serve", address));
    try {
      assertThat(Beds.firstLine(receiver)).isEqualTo("ready");
      Completed sent =
          testbed.host(from).run(Beds.pythonLine("stream.py", "send", address, "" + bytes));
      assertThat(sent.error()).isEmpty();
      return Long.parseLong(Beds.firstLine(receiver));
    } finally {
      receiver.destroy();
      receiver.waitFor();
    }
  }

  @Test
  void cutLinkLosesPacketsSilentlyUntilItIsRestored() {
    String[] call = Beds.pythonLine("stream.py", "try", testbed.host("h2").address());
    assertThat(testbed.host("h1").run(call).output()).isEqualTo("refused\n");

    testbed.cutLink("h2");
    assertThat(testbed.host("h2").linkUp()).isFalse();
    assertThat(testbed.host("h1").run(call).output()).isEqualTo("silence\n");

    testbed.restoreLink("h2");
    assertThat(testbed.host("h2").linkUp()).isTrue();
    assertThat(testbed.host("h1").run(call).output()).isEqualTo("refused\n");
  }

  @Test
  void textsOfQuotasAndRatesAreReadBack() {
    for (String text : List.of("0.2", "2", "max", "1.25")) {
      assertThat(CpuQuota.parse(text)).hasToString(text);
    }
    for (String text : List.of("10mbit", "1gbit", "max", "2500kbit", "8001bit")) {
      assertThat(LinkRate.parse(text)).hasToString(text);
    }
    assertThat(LinkRate.parse("2.5G").bitsPerSecond()).isEqualTo(2_500_000_000L);
    assertThat(new CpuQuota(0.2).quotaMicros() / (double) new CpuQuota(0.2).periodMicros())
        .isEqualTo(0.2, within(1e-9));
  }

  @ParameterizedTest
  @CsvSource({"0", "-1", "NaN", "fast"})
  void nonsenseIsNoQuota(String text) {
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> CpuQuota.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("give");
  }
}
