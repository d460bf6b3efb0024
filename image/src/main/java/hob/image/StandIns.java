package hob.image;

import hob.image.proto.StandIn;
import hob.linux.FileStat;

/**
 * What a session knows of its streams. Abroad a stand-in is a pipe or terminal whose other end the
 * daemon holds; at home the real thing. Called on the tracer's thread during a capture.
 */
public interface StandIns {
  /**
   * The number of the stream behind this pipe or terminal; a new one for one that was never seen.
   */
  int id(FileStat file);

  /**
   * Whether this pipe or FIFO is one of the session's streams, or is to become one because others
   * at home have it open.
   */
  boolean isStandIn(long inode);

  /** Whether the tree was seen to use System V IPC, before it stopped. */
  boolean usesIpc();

  /**
   * Whether the tree is abroad, and has its home's network: then what cannot be found here may be
   * elsewhere.
   */
  default boolean hasHomesNetwork() {
    return false;
  }

  /**
   * Whether a TCP connection may move although its other end stays: from now on nobody here answers
   * its packets in its stead.
   *
   * @param name its own {@code struct sockaddr}
   * @param peer the other end's
   */
  default boolean keepsConnection(byte[] name, byte[] peer) {
    return false;
  }

  /** Adds what must move with it: terminal settings, unread bytes. */
  StandIn describe(External external, StandIn.Builder into);
}
