package hob.bench.files;

import com.google.protobuf.StringValue;
import hob.wire.Endpoint;
import hob.wire.MessageTypes;
import hob.wire.fault.LinkFaults;
import hob.wire.peer.HostInfo;
import hob.wire.tls.Identity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Endpoints for {@link Home} and {@link Abroad}. */
public final class Hosts {
  private Hosts() {}

  /** Holds what comes in for a while; by spinning at last, as a sleep alone is 60 us late. */
  private record Late(long nanos) implements LinkFaults.Wire {
    private static final long SPIN_NANOS = 80_000;

    @Override
    public void arrived() {
      long end = System.nanoTime() + nanos;
      for (long left = nanos; left > 0; left = end - System.nanoTime()) {
        if (left > SPIN_NANOS) {
          LockSupport.parkNanos(left - SPIN_NANOS);
        } else {
          Thread.onSpinWait();
        }
      }
    }

    @Override
    public void closed() {}
  }

  /**
   * An endpoint with the identity in {@code tls}; without one when that is null.
   *
   * @param delayMicros how late everything is heard
   */
  public static Endpoint endpoint(String host, @Nullable Path tls, int delayMicros)
      throws IOException {
    Endpoint.Builder builder =
        Endpoint.builder(
            new HostInfo(
                host, System.getProperty("os.arch"), ProcessHandle.current().pid(), Set.of()),
            MessageTypes.of(StringValue.getDefaultInstance()));
    if (tls != null) {
      builder.identity(Identity.load(tls));
    }
    if (delayMicros > 0) {
      builder.faults((_, _, _) -> new Late(delayMicros * 1_000L));
    }
    return builder.open();
  }
}
