package hob.wire;

import static hob.wire.TestHosts.SOON;
import static hob.wire.TestHosts.anyPort;
import static hob.wire.TestHosts.text;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Int64Value;
import com.google.protobuf.StringValue;
import hob.wire.TestHosts.Recorder;
import hob.wire.fault.ControlledFaults;
import hob.wire.peer.CloseCause;
import hob.wire.peer.WireException;
import java.net.SocketAddress;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class FaultTest {
  private final ControlledFaults faults = new ControlledFaults();
  private final Recorder at1 = new Recorder();
  private final Recorder at2 = new Recorder();
  private TestHosts hosts;
  private Endpoint h1;
  private SocketAddress address2;
  private Connection to2;

  @BeforeEach
  void connect() throws Exception {
    hosts = new TestHosts();
    Duration beat = Duration.ofMillis(100);
    Duration silence = Duration.ofSeconds(3);
    h1 = hosts.open(hosts.secure("h1").faults(faults).beat(beat, silence));
    Endpoint h2 = hosts.open(hosts.secure("h2").faults(faults).beat(beat, silence));
    address2 = h2.listen(anyPort(), _ -> at2).address();
    to2 = h1.connect(address2, "h2", at1);
  }

  @AfterEach
  void close() {
    hosts.close();
  }

  @Test
  void healedPartitionDeliversWhatWasHeldInOrder() throws Exception {
    faults.partition("h2", "h1");
    for (int i = 0; i < 100; i++) {
      to2.send(Int64Value.of(i));
    }
    assertThat(at2.messages.poll(300, MILLISECONDS)).isNull();
    faults.heal("h1", "h2");
    for (int i = 0; i < 100; i++) {
      assertThat(at2.messages.poll(5, SECONDS)).isEqualTo(Int64Value.of(i));
    }
    assertThat(to2.call(text("x"), StringValue.class, SOON)).isEqualTo(text("x"));
  }

  @Test
  void partitionRightAfterConnectingHoldsTheLinkAndDoesNotBreakIt() throws Exception {
    for (int i = 0; i < 50; i++) {
      Connection fresh = h1.connect(address2, "h2", new Recorder());
      faults.partition("h1", "h2");
      fresh.send(Int64Value.of(i));
      faults.heal("h1", "h2");
      assertThat(at2.messages.poll(5, SECONDS)).isEqualTo(Int64Value.of(i));
      fresh.close();
    }
  }

  @Test
  void lastingPartitionIsNoticedOnBothSidesAndNothingArrivesAfterwards() throws Exception {
    faults.partition("h1", "h2");
    to2.send(text("lost"));
    assertThat(at1.closed.get(20, SECONDS)).isInstanceOf(CloseCause.Silent.class);
    assertThat(at2.closed.get(20, SECONDS)).isInstanceOf(CloseCause.Silent.class);
    faults.heal("h1", "h2");
    assertThat(at2.messages).isEmpty();
  }

  @Test
  void noConnectionOpensAcrossAPartition() throws Exception {
    faults.partition("h1", "h2");
    assertThatThrownBy(() -> h1.connect(address2, "h2", new Recorder()))
        .isInstanceOf(WireException.Unreachable.class)
        .hasMessageContaining("injected partition");
    faults.heal("h1", "h2");
    assertThat(h1.connect(address2, "h2", new Recorder()).isOpen()).isTrue();
  }

  @Test
  void otherHostsAreNotConcerned() throws Exception {
    faults.partition("h1", "h3");
    faults.cut("h1", "h3");
    assertThat(to2.call(text("x"), StringValue.class, SOON)).isEqualTo(text("x"));
  }

  @Test
  void cutLinkIsLost() throws Exception {
    faults.cut("h1", "h2");
    assertThat(at1.closed.get(5, SECONDS)).isInstanceOf(CloseCause.Lost.class);
    assertThat(at2.closed.get(5, SECONDS)).isInstanceOf(CloseCause.Lost.class);
  }

  @Test
  void delayedLinkIsSlow() throws Exception {
    to2.call(text("warm up"), StringValue.class, SOON);
    faults.delay("h1", "h2", Duration.ofMillis(100));
    long start = System.nanoTime();
    to2.call(text("x"), StringValue.class, SOON);
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(190));
    faults.delay("h1", "h2", Duration.ZERO);
    to2.call(text("x"), StringValue.class, SOON);
  }
}
