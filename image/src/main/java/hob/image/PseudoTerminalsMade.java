package hob.image;

import hob.image.proto.PseudoTerminal;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Terminal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The pseudo-terminals of an image, made again with their numbers. Kept open here until the tree
 * has them. Tracer's thread.
 */
final class PseudoTerminalsMade implements AutoCloseable {
  /**
   * One of them.
   *
   * @param slave null when nobody has opened it yet, which a master can tell
   */
  record Made(Fd master, @Nullable Fd slave) {}

  private final List<PseudoTerminal> images;
  private final StreamsHere streams;
  private final Map<Integer, Made> made = new HashMap<>();

  PseudoTerminalsMade(List<PseudoTerminal> images, StreamsHere streams) {
    this.images = images;
    this.streams = streams;
  }

  /** Makes all. */
  void make() {
    for (int i = 0; i < images.size(); i++) {
      get(i);
    }
  }

  /** One of them, made when first asked for. */
  Made get(int index) {
    return made.computeIfAbsent(index, i -> make(images.get(i)));
  }

  private Made make(PseudoTerminal p) {
    Fd master = master(p.getNumber());
    if (!p.getOpened()) {
      settle(master, p);
      Terminal.setAllSettings(master, p.getTermios().toByteArray());
      return new Made(master, null);
    }
    Terminal.lock(master, false);
    Fd slave = Terminal.slave(master, Fd.O_RDWR | Fd.O_NONBLOCK);
    PseudoTerminalState.empty(master, slave);
    slave.own(p.getUid(), p.getGid(), p.getMode());
    PseudoTerminalState.put(master, slave, p);
    if (p.getExclusive()) {
      Terminal.makeExclusive(slave);
    }
    settle(master, p);
    return new Made(master, slave);
  }

  private Fd master(int number) {
    String why = "somebody else has its pseudo-terminal /dev/pts/" + number + " on the target";
    try {
      Fd master = streams.master(number);
      if (master != null) {
        return master;
      }
    } catch (LinuxException e) {
      if (e.errno() != Errno.ENOSPC) {
        throw e;
      }
      why = "the target has no pseudo-terminal left for its /dev/pts/" + number;
    }
    throw new Collection.Refused(new Refusal(0, "pseudo-terminal", why));
  }

  private static void settle(Fd master, PseudoTerminal p) {
    byte[] window = p.getWindow().toByteArray();
    if (!java.util.Arrays.equals(window, Terminal.window(master))) {
      Terminal.setWindow(master, window);
    }
    Terminal.packetMode(master, p.getPackets());
  }

  /** All processes have theirs: those that were locked are so again. */
  void finish() {
    made.forEach((i, m) -> Terminal.lock(m.master, images.get(i).getLocked()));
  }

  @Override
  public void close() {
    for (Made m : made.values()) {
      if (m.slave != null) {
        m.slave.close();
      }
      m.master.close();
    }
    made.clear();
  }
}
