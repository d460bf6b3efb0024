package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.PseudoTerminal;
import hob.image.proto.PseudoTerminal.Stopped;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Poller;
import hob.linux.Terminal;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * What a pseudo-terminal knows and what stands in it, in both directions. The kernel lets nobody
 * look at the queues, so they are read and put back; nobody else is at them, as the tree stands
 * still. Lines stay lines: they are typed again, under settings that change nothing.
 *
 * <p>What packet mode has to tell of flushes and stops, and nobody has read, is lost.
 */
final class PseudoTerminalState {
  private static final int POLLHUP = 0x10;
  private static final int CHUNK = 4096;
  private static final byte CONTROL_S = 0x13;

  /** What a line discipline holds; what comes behind waits in front of it. */
  private static final int MOST_TYPED = 4095;

  /** Reads that a queue may take: more is a queue that somebody fills meanwhile. */
  private static final int MOST_READS = 1 << 17;

  private static final int MOST_WRITES = 1000;

  private PseudoTerminalState() {}

  /**
   * Takes the state of one and leaves it as it was.
   *
   * @param open whether a process of the tree has the slave open
   */
  static PseudoTerminal.Builder read(Fd master, boolean open) {
    boolean opened = open || (master.poll(Poller.IN, 0) & POLLHUP) != 0;
    PseudoTerminal.Builder b =
        PseudoTerminal.newBuilder()
            .setTermios(ByteString.copyFrom(Terminal.allSettings(master)))
            .setWindow(ByteString.copyFrom(Terminal.window(master)))
            .setLocked(Terminal.locked(master))
            .setPackets(Terminal.inPacketMode(master))
            .setOpened(opened);
    if (opened) {
      Terminal.lock(master, false);
      Terminal.packetMode(master, false);
      try (Fd slave = Terminal.slave(master, Fd.O_RDWR | Fd.O_NONBLOCK)) {
        b.setExclusive(Terminal.exclusive(slave));
        take(master, slave, b);
        put(master, slave, b.build());
      } finally {
        Terminal.packetMode(master, b.getPackets());
        Terminal.lock(master, b.getLocked());
      }
    }
    return b;
  }

  /** Empties the queues, and starts output that had stopped. */
  private static void take(Fd master, Fd slave, PseudoTerminal.Builder b) {
    byte[] termios = b.getTermios().toByteArray();
    if (byLines(termios)) {
      drain(slave, true).forEach(line -> b.addLines(ByteString.copyFrom(line)));
      Terminal.setAllSettings(master, Terminal.plain(termios, false, (byte) 0));
      b.setTyped(all(drain(slave, false)));
      Terminal.setAllSettings(master, termios);
    } else {
      b.setTyped(all(drain(slave, false)));
    }
    b.setOutput(all(drain(master, false)));
    if (!writable(slave)) {
      Terminal.setAllSettings(master, Terminal.plain(termios, byLines(termios), (byte) 0));
      b.setStopped(writable(slave) ? Stopped.BY_CHARACTER : Stopped.BY_CALL);
      if (b.getStopped() == Stopped.BY_CALL) {
        Terminal.startOutput(slave);
      }
    }
  }

  /** Drops what stands in one that is to become another. */
  static void empty(Fd master, Fd slave) {
    Terminal.packetMode(master, false);
    take(
        master,
        slave,
        PseudoTerminal.newBuilder().setTermios(ByteString.copyFrom(Terminal.allSettings(master))));
  }

  /**
   * Gives an empty pseudo-terminal settings, queues and flow. The rest is for whoever opens it.
   *
   * @param slave of it, O_NONBLOCK
   */
  static void put(Fd master, Fd slave, PseudoTerminal p) {
    byte[] termios = p.getTermios().toByteArray();
    boolean lines = byLines(termios);
    byte end = unused(p);
    byte[] plain = Terminal.plain(termios, lines, end);
    Terminal.setAllSettings(master, plain);
    byte[] typed = typed(p, lines, end);
    int now = Math.min(typed.length, MOST_TYPED);
    for (int i = 0; i < now; i++) {
      Terminal.type(slave, typed[i]);
    }
    write(slave, master, p.getOutput().toByteArray());
    if (p.getStopped() == Stopped.BY_CHARACTER) {
      Terminal.setAllSettings(master, Terminal.withStop(plain, CONTROL_S));
      Terminal.type(slave, CONTROL_S);
    }
    Terminal.setAllSettings(master, termios);
    if (p.getStopped() == Stopped.BY_CALL) {
      Terminal.stopOutput(slave);
    }
    if (typed.length > now) {
      write(master, slave, Arrays.copyOfRange(typed, now, typed.length));
    }
  }

  /** The kernel moves bytes on from one queue to the next when somebody looks. */
  private static void write(Fd to, Fd other, byte[] bytes) {
    int at = 0;
    for (int tries = 0; at < bytes.length && tries < MOST_WRITES; tries++) {
      at += to.writeSome(bytes, at);
      if (at < bytes.length) {
        other.poll(Poller.IN, 0);
        to.poll(Poller.OUT, 1);
      }
    }
    if (at < bytes.length) {
      throw new LinuxException("pseudo-terminal", Errno.EAGAIN, bytes.length - at);
    }
  }

  /** Under EXTPROC the kernel keeps no lines. */
  private static boolean byLines(byte[] termios) {
    int flags = Terminal.localFlags(termios);
    return (flags & Terminal.ICANON) != 0 && (flags & Terminal.EXTPROC) == 0;
  }

  private static boolean writable(Fd terminal) {
    return (terminal.poll(Poller.OUT, 0) & Poller.OUT) != 0;
  }

  /**
   * All that can be read now, read by read. Polling makes the kernel hand on what is on its way.
   *
   * @param ends whether a read of nothing is an end of file that was typed
   */
  private static List<byte[]> drain(Fd from, boolean ends) {
    List<byte[]> all = new ArrayList<>();
    for (int i = 0; i < MOST_READS && (from.poll(Poller.IN, 0) & Poller.IN) != 0; i++) {
      byte[] some = from.readSome(CHUNK);
      if (some.length == 0 && !ends) {
        break;
      }
      all.add(some);
    }
    return all;
  }

  private static ByteString all(List<byte[]> parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    parts.forEach(all::writeBytes);
    return ByteString.copyFrom(all.toByteArray());
  }

  /** What is to be typed: a line that no line feed ends is ended by {@code end}. */
  private static byte[] typed(PseudoTerminal p, boolean lines, byte end) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (ByteString line : p.getLinesList()) {
      all.writeBytes(line.toByteArray());
      if (lines && !line.endsWith(ByteString.copyFromUtf8("\n"))) {
        all.write(end);
      }
    }
    all.writeBytes(p.getTyped().toByteArray());
    return all.toByteArray();
  }

  /** A character that stands in no line, so that it can end lines. */
  private static byte unused(PseudoTerminal p) {
    BitSet used = new BitSet(256);
    used.set('\n');
    for (ByteString line : p.getLinesList()) {
      line.forEach(c -> used.set(c & 0xff));
    }
    p.getTyped().forEach(c -> used.set(c & 0xff));
    // 0 turns the character off. When all are used, lines that end without a line feed run
    // together.
    return (byte) (used.nextClearBit(1) & 0xff);
  }
}
