package hob.testbed;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How fast a host's link is, each way.
 *
 * @param bitsPerSecond at least 8,000; {@link Long#MAX_VALUE} means no limit
 */
public record LinkRate(long bitsPerSecond) {
  /** As fast as the machine copies. */
  public static final LinkRate UNLIMITED = new LinkRate(Long.MAX_VALUE);

  private static final Pattern TEXT =
      Pattern.compile(
          "([0-9]+(?:\\.[0-9]+)?)\\s*([kmg]?)(?:bit|bps|bit/s)?", Pattern.CASE_INSENSITIVE);

  private static final long LEAST = 8_000;

  public LinkRate {
    if (bitsPerSecond < LEAST) {
      throw new IllegalArgumentException(
          "a link of " + bitsPerSecond + " bit/s is too slow: give at least 8kbit, or max");
    }
  }

  /** Reads "100mbit", "1gbit", "2.5g", "9600000" (bits per second) or "max". */
  public static LinkRate parse(String text) {
    if (text.equals("max")) {
      return UNLIMITED;
    }
    Matcher m = TEXT.matcher(text);
    if (!m.matches()) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a link rate: give one such as 100mbit or 1gbit, or max");
    }
    double unit =
        switch (m.group(2).toLowerCase(Locale.ROOT)) {
          case "k" -> 1e3;
          case "m" -> 1e6;
          case "g" -> 1e9;
          default -> 1;
        };
    return new LinkRate(Math.round(Double.parseDouble(m.group(1)) * unit));
  }

  public boolean unlimited() {
    return bitsPerSecond == Long.MAX_VALUE;
  }

  /**
   * Bytes that may go at once: what the link carries in 4 ms, so that a late timer costs no
   * throughput; at least a few packets.
   */
  long burstBytes() {
    return Math.max(8_192, bitsPerSecond / 8 / 250);
  }

  /** Bytes that may wait for the link: 50 ms, as in a switch of ordinary depth. */
  long queueBytes() {
    return burstBytes() + Math.max(128 * 1024, bitsPerSecond / 8 / 20);
  }

  @Override
  public String toString() {
    if (unlimited()) {
      return "max";
    }
    for (Unit unit : Unit.values()) {
      if (bitsPerSecond % unit.bits == 0) {
        return bitsPerSecond / unit.bits + unit.name().toLowerCase(Locale.ROOT);
      }
    }
    return bitsPerSecond + "bit";
  }

  private enum Unit {
    GBIT(1_000_000_000),
    MBIT(1_000_000),
    KBIT(1_000);

    private final long bits;

    Unit(long bits) {
      this.bits = bits;
    }
  }
}
