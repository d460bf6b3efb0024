package hob.image;

import hob.linux.FileStat;
import hob.linux.ProcFs;

/** Slaves of pseudo-terminals, {@code /dev/pts/N}, by their device numbers. */
public final class PtsDevice {
  private static final int FIRST_MAJOR = 136;
  private static final int LAST_MAJOR = 143;

  private PtsDevice() {}

  /** Whether it is one. */
  static boolean is(FileStat file) {
    long major = file.deviceNumber() >> 32;
    return file.isCharacterDevice() && major >= FIRST_MAJOR && major <= LAST_MAJOR;
  }

  /**
   * A device number as {@code /proc/PID/stat} and TIOCGDEV show it: the low byte of the minor, the
   * major, the rest of the minor.
   */
  public static int packed(FileStat file) {
    long major = file.deviceNumber() >>> 32;
    long minor = file.deviceNumber() & 0xffffffffL;
    return (int) ((minor & 0xff) | major << 8 | (minor & ~0xffL) << 12);
  }

  /** N of the slave with this packed number; −1 when it is something else. */
  public static int number(int packed) {
    int major = packed >> 8 & 0xfff;
    boolean pts = major >= FIRST_MAJOR && major <= LAST_MAJOR;
    return pts ? (packed & 0xff) | (packed >>> 12 & 0xfff00) : -1;
  }

  /** Packed number of the terminal that controls a process; 0: none does. */
  public static int controlling(ProcFs.Stat process) {
    return (int) process.field(7);
  }
}
