package hob.cli.doctor;

/** What a check came to. */
sealed interface Finding {
  /** What was seen. */
  String detail();

  /**
   * All is well.
   *
   * @param detail what was seen
   */
  record Fine(String detail) implements Finding {}

  /**
   * Hob works, with a limit.
   *
   * @param detail which
   * @param mend what to do about it
   */
  record Limited(String detail, String mend) implements Finding {}

  /**
   * What it is for does not work.
   *
   * @param detail what is missing
   * @param mend what to do about it
   */
  record Missing(String detail, String mend) implements Finding {}
}
