package hob.home;

import hob.home.proto.StreamEvent;
import hob.image.External;
import hob.image.StandIns;
import hob.image.proto.OpenFile;
import hob.linux.Fd;
import java.time.Duration;
import java.util.List;

/** A session's streams on one host: what leads out of its tree to the home. */
interface Streams extends StandIns, AutoCloseable {
  /**
   * At home, once the move away is certain and while the tree stands still: keeps duplicates of the
   * real descriptions.
   */
  void take(List<External> externals);

  /** Abroad, while the tree stands still: all that it wrote is on its way home. */
  void flush();

  /** The move was given up: puts back what {@link #describe} took. */
  void resumeHere();

  /** The descriptor that the process gets: the real one at home, a stand-in abroad. */
  Fd open(OpenFile file);

  /** From the other side; does not block. */
  void receive(StreamEvent event);

  /**
   * Waits until all that the foreign processes wrote has left this host, or at home has reached the
   * real descriptions.
   */
  boolean awaitDrained(Duration limit);

  @Override
  void close();
}
