package hob.wire.fault;

import java.io.Closeable;
import java.io.IOException;

/** Decides what goes wrong between named hosts. All methods may be called by any thread. */
public interface LinkFaults {
  /**
   * Called at both ends when a connection between two hosts has opened, before it carries anything.
   *
   * @param link closes the connection as if the network had lost it
   * @return what is asked during the connection's life
   * @throws IOException to let it fail at once
   */
  Wire opened(String self, String peer, Closeable link) throws IOException;

  /** The fate of what one host hears of another. */
  interface Wire {
    /**
     * Called by the reading thread with each piece of data that has come in, before it is looked
     * at; may hold the thread, as a slow or cut network would, until the link is closed.
     *
     * @throws IOException to break the link; what was held back then never arrives
     */
    void arrived() throws IOException;

    /** Called once, when the connection is closed at this end. */
    void closed();
  }
}
