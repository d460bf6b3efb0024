package hob.linux;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * One mapping of {@code /proc/PID/maps}.
 *
 * @param start first address
 * @param end address after the last
 * @param protection PROT_ bits: 1 read, 2 write, 4 execute
 * @param shared MAP_SHARED
 * @param offset into the file, bytes
 * @param device {@code major:minor} in hexadecimal, as shown
 * @param inode 0 for anonymous memory
 * @param path file name, {@code [heap]} and the like, or empty; octal escapes of newlines undone
 * @param flags VmFlags of smaps with a space on both sides of each, and {@code pk} when there is a
 *     protection key; empty without smaps
 */
public record MapsEntry(
    long start,
    long end,
    int protection,
    boolean shared,
    long offset,
    String device,
    long inode,
    String path,
    String flags) {

  /** Whether smaps shows the two-letter flag. */
  public boolean has(String flag) {
    return flags.contains(" " + flag + " ");
  }

  /** Bytes. */
  public long size() {
    return end - start;
  }

  /** Mappings that the kernel itself put there: vdso and its data. */
  public boolean special() {
    return path.startsWith("[v") || path.startsWith("[uprobes");
  }

  static List<MapsEntry> parse(byte[] b) {
    List<MapsEntry> all = new ArrayList<>();
    MapsEntry last = null;
    for (int at = 0; at < b.length; ) {
      int eol = at;
      while (eol < b.length && b[eol] != '\n') {
        eol++;
      }
      byte c = b[at];
      if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')) {
        if (last != null) {
          all.add(last);
        }
        last = line(b, at, eol);
      } else if (c == 'V' && last != null && b[at + 1] == 'm' && b[at + 2] == 'F') {
        last =
            last.withFlags(
                new String(b, at + 8, eol - at - 8, StandardCharsets.ISO_8859_1)
                    + " "
                    + last.flags);
      }
      if (c == 'P' && last != null && b[at + 1] == 'r' && b[at + 2] == 'o') {
        // ProtectionKey, which comes before the flags.
        String key = new String(b, at, eol - at, StandardCharsets.ISO_8859_1);
        last = key.endsWith(" 0") ? last : last.withFlags(" pk ");
      }
      at = eol + 1;
    }
    if (last != null) {
      all.add(last);
    }
    return all;
  }

  private MapsEntry withFlags(String f) {
    return new MapsEntry(start, end, protection, shared, offset, device, inode, path, f);
  }

  private static MapsEntry line(byte[] b, int from, int to) {
    int[] at = {from};
    long start = hex(b, at);
    at[0]++;
    long end = hex(b, at);
    at[0]++;
    int p = at[0];
    int protection = (b[p] == 'r' ? 1 : 0) | (b[p + 1] == 'w' ? 2 : 0) | (b[p + 2] == 'x' ? 4 : 0);
    boolean shared = b[p + 3] == 's';
    at[0] = p + 5;
    long offset = hex(b, at);
    int deviceAt = ++at[0];
    while (b[at[0]] != ' ') {
      at[0]++;
    }
    String device = new String(b, deviceAt, at[0] - deviceAt, StandardCharsets.ISO_8859_1);
    at[0]++;
    long inode = 0;
    while (at[0] < to && b[at[0]] != ' ') {
      inode = inode * 10 + (b[at[0]++] - '0');
    }
    while (at[0] < to && b[at[0]] == ' ') {
      at[0]++;
    }
    String path = new String(b, at[0], to - at[0], StandardCharsets.UTF_8);
    return new MapsEntry(
        start, end, protection, shared, offset, device, inode, path.replace("\\012", "\n"), "");
  }

  private static long hex(byte[] b, int[] at) {
    long v = 0;
    while (true) {
      byte c = b[at[0]];
      int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (d < 0) {
        return v;
      }
      v = v << 4 | d;
      at[0]++;
    }
  }
}
