package hob.bench.transparency;

import java.util.Locale;

/** Where a row's programs run. */
enum Mode {
  /** At home, without Hob: what the others are compared with. */
  BARE,
  /** On another host from the start. */
  ABROAD,
  /** The same, and moved twice while they run. */
  MOVED,
  /** Where the policy puts them: shells and their like stay, what they start goes. */
  SPREAD;

  /** For people and rows. */
  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
