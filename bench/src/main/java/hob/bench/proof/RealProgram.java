package hob.bench.proof;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A real program that works for some seconds and comes to the same result each time.
 *
 * @param name of the table
 * @param what it does, in a few words
 * @param needs commands that must be installed
 * @param packages of Debian that have them
 * @param script for {@code /bin/sh} in a fresh directory; leaves {@code result} there
 */
record RealProgram(
    String name, String what, List<String> needs, List<String> packages, String script) {

  private static final String LIST = "programs.sh";

  /**
   * Those of the resource {@code programs.sh}: sections of a shell script, each with a head like
   * {@code #: NAME | WHAT | COMMANDS | PACKAGES}.
   */
  static List<RealProgram> all() throws IOException {
    String text;
    try (InputStream in = RealProgram.class.getResourceAsStream(LIST)) {
      if (in == null) {
        throw new IOException("this build lacks " + LIST);
      }
      text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    String[] sections = text.split("(?m)^#: ");
    List<RealProgram> all = new ArrayList<>();
    for (int i = 1; i < sections.length; i++) {
      int end = sections[i].indexOf('\n');
      String[] head = sections[i].substring(0, end).split("\\|");
      all.add(
          new RealProgram(
              head[0].strip(),
              head[1].strip(),
              List.of(head[2].strip().split(" ")),
              List.of(head[3].strip().split(" ")),
              "jdk=%s\n".formatted(System.getProperty("java.home"))
                  + sections[0]
                  + sections[i].substring(end + 1)));
    }
    return all;
  }
}
