package hob.home;

import hob.linux.Fd;
import hob.linux.Poller;

/**
 * A descriptor's registration with the poller, from which it can be taken while nobody wants its
 * events: epoll tells of EPOLLHUP whether wanted or not. Owns the descriptor. Under the lock of
 * {@link SessionStreams}.
 */
final class Watch {
  /** Not even errors. */
  static final int NONE = -1;

  /** Only EPOLLERR and EPOLLHUP. */
  static final int ERRORS = 0;

  private final Poller poller;
  private final Fd fd;
  private final Poller.Ready ready;
  private int events = NONE;
  private boolean closed;

  Watch(Poller poller, Fd fd, Poller.Ready ready) {
    this.poller = poller;
    this.fd = fd;
    this.ready = ready;
  }

  void want(int wanted) {
    if (wanted == events || closed) {
      return;
    }
    if (events != NONE) {
      removeLater(() -> {});
    }
    if (wanted != NONE) {
      poller.add(fd, wanted, ready);
    }
    events = wanted;
  }

  /** Closes the descriptor once the poller has let go of it. Again: nothing. */
  void close() {
    if (!closed) {
      closed = true;
      removeLater(fd::close);
    }
  }

  /**
   * Not at once: the poller's thread may be waiting for the lock. After all that was asked before.
   */
  private void removeLater(Runnable after) {
    poller.submit(() -> poller.remove(fd, after));
  }
}
