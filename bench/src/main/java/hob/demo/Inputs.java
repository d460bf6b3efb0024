package hob.demo;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Makes what the programs of the demo work on; the same at every run. */
final class Inputs {
  private static final int TEXT_LINES = 150_000;
  private static final int FUNCTIONS = 700;
  private static final int ROWS = 300_000;

  private Inputs() {}

  static void make(Path directory, Path javac) throws IOException, InterruptedException {
    Random random = new Random(1987);
    try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(directory.resolve("text")))) {
      for (int i = 0; i < TEXT_LINES; i++) {
        out.println("line " + i + " " + Long.toHexString(random.nextLong()) + " of the text");
      }
    }
    try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(directory.resolve("large.c")))) {
      out.println("#include <string.h>\nstruct s { int a[64]; double d; };");
      for (int i = 0; i < FUNCTIONS; i++) {
        out.printf(
            "int f%d(struct s *p, int n) { int r = %d; for (int i = 0; i < n; i++) { p->a[i & 63] +="
                + " r * i; r ^= p->a[(i * 7) & 63] + %d; p->d *= 1.5; } return r + (int) p->d; }%n",
            i, i, random.nextInt(1000));
      }
    }
    try (PrintWriter out =
        new PrintWriter(Files.newBufferedWriter(directory.resolve("fill.sql")))) {
      out.println(
          "PRAGMA journal_mode=DELETE; CREATE TABLE t(id INTEGER PRIMARY KEY, v INTEGER, s TEXT);");
      out.println("CREATE INDEX tv ON t(v);");
      for (int from = 0; from < ROWS; from += 20_000) {
        out.printf(
            "BEGIN; WITH RECURSIVE c(x) AS (SELECT %d UNION ALL SELECT x+1 FROM c WHERE x<%d)"
                + " INSERT INTO t SELECT x, (x*7919)%%100003, hex(x*x) FROM c; COMMIT;%n",
            from + 1, from + 20_000);
      }
    }
    copy("work.py", directory);
    copy("Work.java", directory);
    int status =
        new ProcessBuilder(javac.toString(), "-d", directory.toString(), directory + "/Work.java")
            .inheritIO()
            .start()
            .waitFor();
    if (status != 0) {
      throw new IOException("javac cannot compile the demo's program: exit status " + status);
    }
  }

  private static void copy(String name, Path directory) throws IOException {
    try (var in = Inputs.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException("this build lacks the resource " + name);
      }
      Files.copy(in, directory.resolve(name));
    }
  }
}
