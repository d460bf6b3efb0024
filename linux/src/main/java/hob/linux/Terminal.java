package hob.linux;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

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

  /** IXON in {@link #inputFlags}: output stops and starts by characters. */
  public static final int IXON = 02000;

  /** Bytes of the kernel's {@code struct termios2}. */
  public static final int TERMIOS2 = 44;

  private static final int TERMIOS = 36;
  private static final int OFLAG = 4;
  private static final int LFLAG = 12;
  private static final int LINE = 16;
  private static final int CC = 17;
  private static final int CHARACTERS = 19;
  private static final int VEOF = CC + 4;
  private static final int VMIN = CC + 6;
  private static final int VSTOP = CC + 9;
  private static final int WINSIZE = 8;

  private static final int F_SETFD = 2;
  private static final int FD_CLOEXEC = 1;
  private static final long TCGETS = 0x5401;
  private static final long TCSETS = 0x5402;
  private static final long TCXONC = 0x540A;
  private static final int TCOOFF = 0;
  private static final int TCOON = 1;
  private static final long TCFLSH = 0x540B;
  private static final long TIOCEXCL = 0x540C;
  private static final long TIOCGPGRP = 0x540F;
  private static final long TIOCSTI = 0x5412;
  private static final long TIOCGWINSZ = 0x5413;
  private static final long TIOCSWINSZ = 0x5414;
  private static final long FIONREAD = 0x541B;
  private static final long TIOCPKT = 0x5420;
  private static final long TIOCGPTPEER = 0x5441;
  private static final long TIOCGPTN = 0x80045430L;
  private static final long TIOCSPTLCK = 0x40045431L;
  private static final long TIOCGPKT = 0x80045438L;
  private static final long TIOCGPTLCK = 0x80045439L;
  private static final long TIOCGEXCL = 0x80045440L;
  private static final long TCGETS2 = 0x802C542AL;
  private static final long TCSETS2 = 0x402C542BL;
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

  /** {@code TCGETS2}: struct termios2, with speeds of any number. Of a master: the slave's. */
  public static byte[] allSettings(Fd terminal) {
    MemorySegment s = Scratch.get();
    Sys.check(terminal.ioctl(TCGETS2, s.address()), "ioctl", terminal, "TCGETS2");
    return s.asSlice(0, TERMIOS2).toArray(Scratch.BYTE);
  }

  /** {@code TCSETS2}: at once, nothing is flushed. Of a master: the slave's. */
  public static void setAllSettings(Fd terminal, byte[] termios2) {
    MemorySegment s = Scratch.get();
    MemorySegment.copy(termios2, 0, s, Scratch.BYTE, 0, TERMIOS2);
    Sys.check(terminal.ioctl(TCSETS2, s.address()), "ioctl", terminal, "TCSETS2");
  }

  /**
   * Settings under which what is typed is kept as it is, and what is written goes out as it is: no
   * character means anything but a line feed and {@code endOfFile}, and those only by lines.
   *
   * @param termios either structure: the same comes back
   * @param lines whether input is read by lines (ICANON)
   * @param endOfFile ends a line and is not part of it
   */
  public static byte[] plain(byte[] termios, boolean lines, byte endOfFile) {
    byte[] copy = termios.clone();
    MemorySegment s = MemorySegment.ofArray(copy);
    s.set(Scratch.INT, 0, 0);
    s.set(Scratch.INT, OFLAG, 0);
    s.set(Scratch.INT, LFLAG, lines ? ICANON : 0);
    s.asSlice(CC, CHARACTERS).fill((byte) 0);
    copy[VMIN] = 1;
    copy[VEOF] = endOfFile;
    return copy;
  }

  /** A copy of plain settings under which {@code stop}, when it is typed, stops the output. */
  public static byte[] withStop(byte[] termios, byte stop) {
    byte[] copy = termios.clone();
    MemorySegment s = MemorySegment.ofArray(copy);
    s.set(Scratch.INT, 0, s.get(Scratch.INT, 0) | IXON);
    copy[VSTOP] = stop;
    return copy;
  }

  /** {@code c_iflag} of a struct termios. */
  public static int inputFlags(byte[] termios) {
    return MemorySegment.ofArray(termios).get(Scratch.INT, 0);
  }

  /** {@code c_line} of a struct termios: the line discipline, 0 for that of terminals. */
  public static int discipline(byte[] termios) {
    return termios[LINE];
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
    int all = Fd.O_RDWR | Fd.O_NOCTTY | flags;
    Fd master = usual(devpts, all);
    if (master == null) {
      master = Fd.open(devpts + "/ptmx", all);
    }
    lock(master, false);
    return master;
  }

  /** As programs do. A link might lead to the file system of another root. */
  private static @Nullable Fd usual(String devpts, int flags) {
    long name = Fd.tryOpen(devpts + "/../ptmx", Fd.O_PATH | Fd.O_NOFOLLOW, 0);
    if (Sys.failed(name)) {
      return null;
    }
    try (Fd path = Fd.of(name)) {
      return FileStat.of(path.path()).isCharacterDevice() ? Fd.open(path.path(), flags) : null;
    }
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
    packetMode(master, true);
  }

  /** {@code TIOCPKT}: the same, on or off. */
  public static void packetMode(Fd master, boolean on) {
    set(master, TIOCPKT, "TIOCPKT", on ? 1 : 0);
  }

  /** {@code TIOCGPKT}: whether the master is in packet mode. */
  public static boolean inPacketMode(Fd master) {
    return get(master, TIOCGPKT, "TIOCGPKT") != 0;
  }

  /** {@code TIOCSPTLCK}: whether the slave cannot be opened. */
  public static void lock(Fd master, boolean locked) {
    set(master, TIOCSPTLCK, "TIOCSPTLCK", locked ? 1 : 0);
  }

  /** {@code TIOCGPTLCK}: whether the slave cannot be opened. */
  public static boolean locked(Fd master) {
    return get(master, TIOCGPTLCK, "TIOCGPTLCK") != 0;
  }

  /** {@code TIOCEXCL}: nobody but root opens the terminal any more. */
  public static void makeExclusive(Fd terminal) {
    Sys.check(terminal.ioctl(TIOCEXCL, 0), "ioctl", terminal, "TIOCEXCL");
  }

  /** {@code TIOCGEXCL}: whether nobody but root opens the terminal. */
  public static boolean exclusive(Fd terminal) {
    return get(terminal, TIOCGEXCL, "TIOCGEXCL") != 0;
  }

  /** {@code TCXONC} with TCOOFF: what is written waits. */
  public static void stopOutput(Fd terminal) {
    Sys.check(terminal.ioctl(TCXONC, TCOOFF), "ioctl", terminal, "TCXONC");
  }

  /** {@code TCXONC} with TCOON. */
  public static void startOutput(Fd terminal) {
    Sys.check(terminal.ioctl(TCXONC, TCOON), "ioctl", terminal, "TCXONC");
  }

  private static void set(Fd terminal, long request, String name, int value) {
    MemorySegment s = Scratch.get();
    s.set(Scratch.INT, 0, value);
    Sys.check(terminal.ioctl(request, s.address()), "ioctl", terminal, name);
  }

  private static int get(Fd terminal, long request, String name) {
    MemorySegment s = Scratch.get();
    Sys.check(terminal.ioctl(request, s.address()), "ioctl", terminal, name);
    return s.get(Scratch.INT, 0);
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
