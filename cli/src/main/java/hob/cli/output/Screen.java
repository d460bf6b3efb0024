package hob.cli.output;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where standard output goes.
 *
 * @param terminal whether somebody looks at it
 * @param width columns that fit; {@link Integer#MAX_VALUE} when it is no terminal
 * @param colour whether to use colours, see no-color.org
 */
public record Screen(boolean terminal, int width, boolean colour) {
  private static final int USUAL_WIDTH = 80;

  /** Standard output, as it is now. */
  public static Screen standard() {
    boolean terminal = isTerminal(Path.of("/proc/self/fd/1"));
    boolean plain =
        !System.getenv().getOrDefault("NO_COLOR", "").isEmpty()
            || System.getenv().getOrDefault("TERM", "dumb").equals("dumb");
    return new Screen(terminal, terminal ? terminalWidth() : Integer.MAX_VALUE, terminal && !plain);
  }

  /** Not for people. */
  public static Screen file() {
    return new Screen(false, Integer.MAX_VALUE, false);
  }

  /** By its name, since a native call would cost more than all the rest of most commands. */
  private static boolean isTerminal(Path descriptor) {
    try {
      String target = Files.readSymbolicLink(descriptor).toString();
      return target.startsWith("/dev/pts/")
          || target.startsWith("/dev/tty")
          || target.equals("/dev/console");
    } catch (IOException e) {
      return false; // closed
    }
  }

  private static int terminalWidth() {
    try {
      // stty asks about its input: let that be the terminal.
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(new File("/dev/tty"))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      String answer = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      int columns = Integer.parseInt(answer.substring(answer.indexOf(' ') + 1).strip());
      return columns > 0 ? columns : USUAL_WIDTH;
    } catch (IOException | NumberFormatException e) {
      return USUAL_WIDTH; // no controlling terminal, or no stty
    }
  }
}
