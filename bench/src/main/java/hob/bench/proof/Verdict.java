package hob.bench.proof;

/** What became of a program that was to be moved. */
enum Verdict {
  /** It was moved and did not notice. */
  PASS,
  /** It was not moved, for a reason that was told before it stopped, and ran on. */
  REFUSE,
  /** It noticed, or a move failed. */
  FAIL,
  /** It does not run here, moved or not. */
  SKIP;

  /** For tables. */
  String word() {
    return name().toLowerCase(java.util.Locale.ROOT);
  }
}
