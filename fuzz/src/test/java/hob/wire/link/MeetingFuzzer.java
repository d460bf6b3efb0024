package hob.wire.link;

import hob.wire.peer.HostInfo;
import hob.wire.proto.Hello;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.Set;

/** A peer's first words lead to a greeting or are refused. */
public final class MeetingFuzzer {
  private MeetingFuzzer() {}

  public static void fuzzerTestOneInput(byte[] data) {
    HostInfo self = new HostInfo("h1", "amd64", 1, Set.of());
    InetSocketAddress address = InetSocketAddress.createUnresolved("h2", 1);
    try {
      Meeting meeting = new Meeting(new ArrayLink(data), address, Meeting.VERSION);
      Meeting.Greeting greeting = meeting.greet(self, Hello.Kind.MESSAGES, null, Optional.empty());
      if (!HostInfo.isName(greeting.peer().name())) {
        throw new AssertionError("a host without a proper name");
      }
      meeting.accept(greeting.peer().name());
    } catch (IOException _) {
      // Refused, as it should be.
    }
  }
}
