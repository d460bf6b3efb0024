package hob.testbed;

import java.util.Locale;

/**
 * How much processor time a host has, in CPUs: 0.2 is a fifth of one, 2 is two whole ones.
 *
 * @param cpus at least 0.01; infinite means no limit
 */
public record CpuQuota(double cpus) {
  /** As much as the machine gives. */
  public static final CpuQuota UNLIMITED = new CpuQuota(Double.POSITIVE_INFINITY);

  private static final double LEAST = 0.01;

  /** The kernel takes no quota below a millisecond. */
  private static final long LEAST_QUOTA_MICROS = 1_000;

  /** Short, so that a host that has used up its share stands still for a few milliseconds only. */
  private static final long SHORT_PERIOD_MICROS = 10_000;

  private static final long LONG_PERIOD_MICROS = 100_000;

  public CpuQuota {
    if (!(cpus >= LEAST)) {
      throw new IllegalArgumentException(
          "a host cannot have " + cpus + " CPUs: give a number from " + LEAST + " up, or max");
    }
  }

  /** Reads "0.2", "2" or "max". */
  public static CpuQuota parse(String text) {
    if (text.equals("max")) {
      return UNLIMITED;
    }
    try {
      return new CpuQuota(Double.parseDouble(text));
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a number of CPUs: give one such as 0.2 or 2, or max", e);
    }
  }

  public boolean unlimited() {
    return Double.isInfinite(cpus);
  }

  /** Length of the period within which the quota holds. */
  long periodMicros() {
    return unlimited() || cpus * SHORT_PERIOD_MICROS < LEAST_QUOTA_MICROS
        ? LONG_PERIOD_MICROS
        : SHORT_PERIOD_MICROS;
  }

  /** Processor time in each period; for a limited quota only. */
  long quotaMicros() {
    return Math.round(cpus * periodMicros());
  }

  @Override
  public String toString() {
    return unlimited()
        ? "max"
        : cpus == Math.rint(cpus)
            ? String.format(Locale.ROOT, "%.0f", cpus)
            : String.format(Locale.ROOT, "%.4f", cpus).replaceAll("0+$", "");
  }
}
