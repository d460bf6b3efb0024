package hob.wire.link;

import hob.wire.fault.LinkFaults;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A link that suffers what a test has in mind for it. */
final class FaultyLink implements Link {
  private final Link link;
  private final LinkFaults.Wire wire;

  FaultyLink(Link link, LinkFaults.Wire wire) {
    this.link = link;
    this.wire = wire;
  }

  @Override
  public int read(ByteBuffer dst) throws IOException {
    int n = link.read(dst);
    wire.arrived();
    return n;
  }

  @Override
  public void write(ByteBuffer... srcs) throws IOException {
    link.write(srcs);
  }

  @Override
  public boolean isQuiet() {
    return link.isQuiet();
  }

  @Override
  public boolean isSecure() {
    return link.isSecure();
  }

  @Override
  public void endOutput() throws IOException {
    link.endOutput();
  }

  @Override
  public void close() {
    link.close();
    wire.closed();
  }
}
