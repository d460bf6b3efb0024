package hob.cli.output;

import java.util.Locale;

/** Quantities as people read them. */
public final class Units {
  private static final String[] BYTES = {"B", "KiB", "MiB", "GiB", "TiB"};

  private Units() {}

  /** 0 B, 812 KiB, 1.5 GiB: three digits say enough. */
  public static String bytes(long count) {
    double value = count;
    int unit = 0;
    while (value >= 1000 && unit < BYTES.length - 1) {
      value /= 1024;
      unit++;
    }
    return (unit == 0 ? Long.toString(count) : digits(value)) + " " + BYTES[unit];
  }

  /** 850 us, 4.2 ms, 1.5 s. */
  public static String nanos(long nanos) {
    double micros = nanos / 1e3;
    if (micros < 1e3) {
      return digits(micros) + " us";
    }
    return micros < 1e6 ? digits(micros / 1e3) + " ms" : digits(micros / 1e6) + " s";
  }

  /** 4s, 3m07s, 2h15m, 5d03h: how long something has been so. */
  public static String since(long millis) {
    long s = millis / 1000;
    if (s < 60) {
      return s + "s";
    }
    if (s < 3600) {
      return "%dm%02ds".formatted(s / 60, s % 60);
    }
    return s < 86_400
        ? "%dh%02dm".formatted(s / 3600, s / 60 % 60)
        : "%dd%02dh".formatted(s / 86_400, s / 3600 % 24);
  }

  /** Processor time as ps(1) and top(1) show it: minutes, seconds, hundredths. */
  public static String cpuTime(long millis) {
    return "%d:%05.2f".formatted(millis / 60_000, millis % 60_000 / 1e3);
  }

  private static String digits(double value) {
    int decimals = value < 10 ? 1 : 0;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
