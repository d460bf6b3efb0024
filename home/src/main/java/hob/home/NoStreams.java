package hob.home;

import hob.home.proto.StreamEvent;
import hob.image.External;
import hob.image.proto.OpenFile;
import hob.image.proto.StandIn;
import hob.linux.Fd;
import hob.linux.FileStat;
import java.time.Duration;
import java.util.List;

/** For trees that nothing leads out of. */
final class NoStreams implements Streams {
  @Override
  public int id(FileStat file) {
    throw new IllegalStateException("a stream leads out of the tree");
  }

  @Override
  public boolean isStandIn(long inode) {
    return false;
  }

  @Override
  public StandIn describe(External external, StandIn.Builder into) {
    return into.build();
  }

  @Override
  public void take(List<External> externals) {}

  @Override
  public void flush() {}

  @Override
  public void resumeHere() {}

  @Override
  public Fd open(OpenFile file) {
    throw new IllegalStateException("a stream leads out of the tree");
  }

  @Override
  public void receive(StreamEvent event) {}

  @Override
  public boolean awaitDrained(Duration limit) {
    return true;
  }

  @Override
  public void close() {}
}
