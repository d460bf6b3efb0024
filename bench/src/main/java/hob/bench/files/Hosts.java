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
import org.jspecify.annotations.Nullable;

/** Endpoints for {@link Home} and {@link Abroad}. */
public final class Hosts {
  private Hosts() {}

  /**
   * An endpoint with the identity in {@code tls}; without one when that is null.
   *
   * @param faults null for none
   */
  public static Endpoint endpoint(String host, @Nullable Path tls, @Nullable LinkFaults faults)
      throws IOException {
    Endpoint.Builder builder =
        Endpoint.builder(
            new HostInfo(
                host, System.getProperty("os.arch"), ProcessHandle.current().pid(), Set.of()),
            MessageTypes.of(StringValue.getDefaultInstance()));
    if (tls != null) {
      builder.identity(Identity.load(tls));
    }
    if (faults != null) {
      builder.faults(faults);
    }
    return builder.open();
  }
}
