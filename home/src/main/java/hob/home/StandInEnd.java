package hob.home;

import hob.home.proto.StreamEvent;
import hob.image.External;
import hob.image.proto.OpenFile;
import hob.image.proto.StandIn;
import hob.linux.Fd;
import hob.linux.FileStat;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What stands in for a stream's real end where the tree runs. Under the session's lock. */
sealed interface StandInEnd permits PipeStandIn, TerminalStandIn {
  /** Of the pipe or terminal. */
  FileStat stat();

  /** Whether a description with this access is one of this end's. */
  boolean serves(int access);

  /** The process's descriptor. */
  Fd open(OpenFile file);

  /** The tree runs here: bytes may flow. */
  void start();

  /** Whether {@link #start} was called. */
  boolean started();

  /** From home. */
  void handle(StreamEvent event);

  /** Takes what must move along, and holds still. */
  void describe(External external, StandIn.Builder into);

  /** The tree stays: goes on, with what {@link #describe} took. */
  void resume();

  /** Sends what the tree wrote. */
  void flush();

  /** Bytes that the tree wrote and that did not reach their end. */
  long underWay();

  /**
   * The position reached, when it matters whether a process waits for input: home sends only on
   * demand, and there is nothing to read here.
   */
  OptionalLong asks();

  /**
   * Who waits for input; nobody.
   *
   * @param from what {@link #asks} gave
   */
  void wanted(long from, WaitingReaders.@Nullable Want want);

  /** Now and then. */
  void tick();

  /** Drops it; nobody is told. */
  void close();
}
