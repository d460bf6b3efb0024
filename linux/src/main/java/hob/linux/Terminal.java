package hob.linux;

import java.lang.foreign.MemorySegment;

/**
 * Terminals and pseudo-terminals: {@code ioctl_tty(2)}, {@code pty(7)}. Settings travel as the
 * bytes of the kernel's {@code struct termios} and {@code struct winsize}. Any thread.
 */
public final class Terminal {
  /** ECHO in {@link #localFlags}. */
  public static final int ECHO = 010;

  /** ICANON in {@link #localFlags}. */
  public static final int ICANON = 02;

  /**
   * EXTPROC in {@link #localFlags}: whoever holds the master edits lines, echoes and makes signals.
   */
  public static final int EXTPROC = 0200000;

  /** OPOST in {@link #outputFlags}. */
  public static final int OPOST = 01;

  /** ONLCR in {@link #outputFlags}. */
  public static final int ONLCR = 04;

  /** TIOCPKT_FLUSHREAD in the first byte of a read in packet mode. */
  public static final int PACKET_FLUSH_READ = 1;

  /** TIOCPKT_IOCTL: the settings changed; only told under EXTPROC. */
  public static final int PACKET_IOCTL = 64;

  private static final int TERMIOS = 36;
  private static final int OFLAG = 4;
  private static final int LFLAG = 12;
  private static final int VEOF = 17 + 4;
  private static final int WINSIZE = 8;

  private static final int F_SETFD = 2;
  private static final int FD_CLOEXEC = 1;
  private static final long TCGETS = 0x5401;
  private static final long TCSETS = 0x5402;
  private static final long TCFLSH = 0x540B;
  private static final long TIOCGPGRP = 0x540F;
  private static final long TIOCSTI = 0x5412;
  private static final long TIOCGWINSZ = 0x5413;
  private static final long TIOCSWINSZ = 0x5414;
  private static final long FIONREAD = 0x541B;
  private static final long TIOCPKT = 0x5420;
  private static final long TIOCGPTPEER = 0x5441;
  private static final long TIOCGPTN = 0x80045430L;
  private static final long TIOCSPTLCK = 0x40045431L;
  private static final long TIOCGDEV = 0x80045432L;
  private static final long TIOCSIG = 0x40045436L;

  private Terminal() {}

  /** {@code TCGETS}: struct termios, 36 bytes. Of a master: the slave's. */
  public static byte[] settings(Fd terminal) {
    MemorySegment s = Scratch.get();
    Sys.check(terminal.ioctl(TCGETS, s.address()), "ioctl", terminal, "TCGETS");
    return s.asSlice(0, TERMIOS).toArray(Scratch.BYTE);
  }

  /** {@code TCSETS}: at once, nothing is flushed. Of a master: the slave's. */
  public static void setSettings(Fd terminal, byte[] termios) {
    MemorySegment s = Scratch.get();
    MemorySegment.copy(termios, 0, s, Scratch.BYTE, 0, TERMIOS);
    Sys.check(terminal.ioctl(TCSETS, s.address()), "ioctl", terminal, "TCSETS");
  }

  /** {@code c_oflag} of a struct termios. */
  public static int outputFlags(byte[] termios) {
    return MemorySegment.ofArray(termios).get(Scratch.INT, OFLAG);
  }

  /** {@code c_lflag} of a struct termios. */
  public static int localFlags(byte[] termios) {
    return MemorySegment.ofArray(termios).get(Scratch.INT, LFLAG);
  }

  /** A copy of {@code termios} with another {@code c_lflag}. */
  public static byte[] withLocalFlags(byte[] termios, int flags) {
    byte[] copy = termios.clone();
    MemorySegment.ofArray(copy).set(Scratch.INT, LFLAG, flags);
    return copy;
  }

  /** The character that ends a file in a struct termios, {@code c_cc[VEOF]}. */
  public static byte endOfFile(byte[] termios) {
    return termios[VEOF];
  }

  /** {@code TIOCGWINSZ}: struct winsize, 8 bytes. */
  public static byte[] window(Fd terminal) {
    MemorySegment s = Scratch.get();
    Sys.check(terminal.ioctl(TIOCGWINSZ, s.address()), "ioctl", terminal, "TIOCGWINSZ");
    return s.asSlice(0, WINSIZE).toArray(Scratch.BYTE);
  }

  /** {@code TIOCSWINSZ}: the foreground group gets SIGWINCH when the size is another. */
  public static void setWindow(Fd terminal, byte[] winsize) {
    MemorySegment s = Scratch.get();
    MemorySegment.copy(winsize, 0, s, Scratch.BYTE, 0, WINSIZE);
    Sys.check(terminal.ioctl(TIOCSWINSZ, s.address()), "ioctl", terminal, "TIOCSWINSZ");
  }

  /**
   * A new pseudo-terminal: its master, unlocked.
   *
   * @param devpts where the file system is mounted, such as {@code /dev/pts}
   * @param flags besides O_RDWR and O_NOCTTY
   */
  public static Fd master(String devpts, int flags) {
    Fd master = Fd.open(devpts + "/ptmx", Fd.O_RDWR | Fd.O_NOCTTY | flags);
    MemorySegment s = Scratch.get();
    s.set(Scratch.INT, 0, 0);
    Sys.check(master.ioctl(TIOCSPTLCK, s.address()), "ioctl", master, "TIOCSPTLCK");
    return master;
  }

  /** {@code TIOCGPTN}: N of {@code /dev/pts/N}. */
  public static int number(Fd master) {
    MemorySegment s = Scratch.get();
    Sys.check(master.ioctl(TIOCGPTN, s.address()), "ioctl", master, "TIOCGPTN");
    return s.get(Scratch.INT, 0);
  }

  /** {@code TIOCGDEV}: the device number that {@code /dev/tty} stands for, as stat(2) has it. */
  public static int device(Fd terminal) {
    MemorySegment s = Scratch.get();
    Sys.check(terminal.ioctl(TIOCGDEV, s.address()), "ioctl", terminal, "TIOCGDEV");
    return s.get(Scratch.INT, 0);
  }

  /**
   * {@code TIOCGPGRP} of a master: the slave's foreground group in the caller's pid namespace; 0
   * when there is none.
   */
  public static int foreground(Fd master) {
    MemorySegment s = Scratch.get();
    Sys.check(master.ioctl(TIOCGPGRP, s.address()), "ioctl", master, "TIOCGPGRP");
    return s.get(Scratch.INT, 0);
  }

  /**
   * {@code TIOCSIG} of a master: the slave's foreground group gets a signal as if its character had
   * been typed.
   *
   * @param signal SIGINT, SIGQUIT or SIGTSTP
   */
  public static void signal(Fd master, int signal) {
    Sys.check(master.ioctl(TIOCSIG, signal), "ioctl", master, "TIOCSIG");
  }

  /**
   * {@code TIOCGPTPEER}: the slave, without a path. The call would keep O_CLOEXEC among the
   * description's flags, where whoever reads fdinfo takes it for that of each descriptor.
   */
  public static Fd slave(Fd master, int flags) {
    long number = master.ioctl(TIOCGPTPEER, flags | Fd.O_NOCTTY);
    Fd slave = Fd.of(Sys.check(number, "ioctl", master, "TIOCGPTPEER"));
    Sys.check(slave.fcntl(F_SETFD, FD_CLOEXEC), "fcntl", slave, "F_SETFD");
    return slave;
  }

  /** {@code TIOCPKT}: every read of the master begins with a byte that says what it brings. */
  public static void packetMode(Fd master) {
    MemorySegment s = Scratch.get();
    s.set(Scratch.INT, 0, 1);
    Sys.check(master.ioctl(TIOCPKT, s.address()), "ioctl", master, "TIOCPKT");
  }

  /** {@code FIONREAD}: bytes to be read now. */
  public static int pending(Fd terminal) {
    MemorySegment s = Scratch.get();
    Sys.check(terminal.ioctl(FIONREAD, s.address()), "ioctl", terminal, "FIONREAD");
    return s.get(Scratch.INT, 0);
  }

  /** {@code TCFLSH} with TCIFLUSH: what was typed and not read is gone. */
  public static void flushInput(Fd terminal) {
    Sys.check(terminal.ioctl(TCFLSH, 0), "ioctl", terminal, "TCFLSH");
  }

  /** {@code TIOCSTI}: as if it were typed. */
  public static void type(Fd terminal, byte character) {
    MemorySegment s = Scratch.get();
    s.set(Scratch.BYTE, 0, character);
    Sys.check(terminal.ioctl(TIOCSTI, s.address()), "ioctl", terminal, "TIOCSTI");
  }
}
