package hob.policy;

/**
 * A program that is about to run.
 *
 * @param path of it, as the caller gave it
 * @param interpreter what {@code #!} at its beginning names, empty when it is no script
 * @param starter names of the program that starts it: of the file it was loaded from, and its own
 * @param privileged whether it is setuid or setgid
 */
public record Command(String path, String interpreter, Starter starter, boolean privileged) {
  /**
   * The program that calls exec.
   *
   * @param file path of the file that it was loaded from: of a script, its interpreter
   * @param name as {@code ps -o comm} shows it: of a script, its own
   */
  public record Starter(String file, String name) {
    @Override
    public String toString() {
      return name;
    }
  }
}
