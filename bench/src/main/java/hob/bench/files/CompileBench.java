package hob.bench.files;

import hob.bench.BenchContext;
import hob.bench.Benchmark;
import hob.bench.Row;
import hob.testbed.Completed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Compilers abroad, with everything from the home's files, against the same at home. */
public final class CompileBench implements Benchmark {
  private static final int ROUNDS = 9;
  private static final int LATE_ROUNDS = 3;
  private static final double MOST_LARGE = 1.05;
  private static final double MOST_SMALL_MORE_MILLIS = 20;

  private static final String SMALL =
      """
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      int main(int argc, char **argv) { printf("%d %s\\n", argc, argv[0]); return 0; }
      """;

  private static final String LARGE =
      """
      #include <bits/stdc++.h>
      int main() { std::map<std::string, std::vector<int>> m; m["a"].push_back(1); return m.size(); }
      """;

  public CompileBench() {}

  @Override
  public String name() {
    return "compile";
  }

  @Override
  public String summary() {
    return "compilers abroad, all files from home, against the same at home";
  }

  @Override
  public List<Row> run(BenchContext context) throws IOException {
    try (Rig rig = new Rig(context, "bench-compile")) {
      Path sources = Files.createDirectories(rig.directory().resolve("src"));
      Files.writeString(sources.resolve("small.c"), SMALL);
      Files.writeString(sources.resolve("large.cc"), LARGE);
      List<Row> rows = new ArrayList<>();
      for (int delay : new int[] {0, 100, 1000}) {
        context.progress().accept("round trip + " + 2 * delay + " us");
        try (Rig.Served served = rig.new Served(Path.of("/"), delay);
            Root root = new Root(rig, served.at())) {
          Bench bench = new Bench(rig, served, root.at, sources);
          rows.addAll(bench.rows(delay));
        }
      }
      return rows;
    }
  }

  /** The mount as a root directory, with the kernel's file systems of h2. */
  private static final class Root implements AutoCloseable {
    private final Rig rig;
    private final Path at;

    Root(Rig rig, Path at) throws IOException {
      this.rig = rig;
      this.at = at;
      must(rig, "mount", "-t", "proc", "proc", at.resolve("proc").toString());
      must(rig, "mount", "--rbind", "/dev", at.resolve("dev").toString());
    }

    @Override
    public void close() {
      rig.host("h2").run("umount", "-l", at.resolve("dev").toString());
      rig.host("h2").run("umount", "-l", at.resolve("proc").toString());
    }
  }

  private static void must(Rig rig, String... command) throws IOException {
    Completed done = rig.host("h2").run(command);
    if (done.status() != 0) {
      throw new IOException(String.join(" ", command) + ": " + done.error().strip());
    }
  }

  private record Bench(Rig rig, Rig.Served served, Path root, Path sources) {
    List<Row> rows(int delay) throws IOException {
      List<Row> rows = new ArrayList<>();
      String late = delay == 0 ? "" : ", %d us later each way".formatted(delay);
      for (String file : List.of("small.c", "large.cc")) {
        String what = (file.equals("small.c") ? "C file" : "C++ file with bits/stdc++.h") + late;
        double cold = millis(root, file);
        int rounds = delay == 0 ? ROUNDS : LATE_ROUNDS;
        double[] abroad = new double[rounds];
        double[] home = new double[rounds];
        double before = served.ask("requests");
        for (int round = 0; round < rounds; round++) {
          abroad[round] = millis(root, file);
          home[round] = millis(Path.of("/"), file);
        }
        double requests = (served.ask("requests") - before) / rounds;
        double there = BenchContext.median(abroad);
        double here = BenchContext.median(home);
        rows.add(warm(delay, file, what, there, here));
        rows.add(Row.plain(what + ", cold", cold, "ms", "at home, warm", here));
        rows.add(Row.plain(what + ", requests to home", requests, "", "none at home", 1));
      }
      return rows;
    }

    private static Row warm(int delay, String file, String what, double there, double here) {
      if (delay > 0) {
        return Row.plain(what + ", warm", there, "ms", "at home", here);
      }
      return file.equals("small.c")
          ? Row.figureAtMost(
              here + MOST_SMALL_MORE_MILLIS, what + ", warm", there, "ms", "at home", here)
          : Row.ratioAtMost(MOST_LARGE, what + ", warm", there, "ms", "at home", here);
    }

    /** Runs the compiler with a root directory; the time it takes on h2. */
    private double millis(Path in, String file) throws IOException {
      String out = sources.resolve(file + ".o").toString();
      String script =
          """
          start=$(date +%s%N)
          chroot "$1" /usr/bin/gcc -O1 -c -o "$2" "$3" || exit 1
          end=$(date +%s%N)
          echo $((end - start))
          """;
      Completed done =
          rig.host("h2")
              .run(
                  "/bin/sh",
                  "-c",
                  script,
                  "sh",
                  in.toString(),
                  out,
                  sources.resolve(file).toString());
      if (done.status() != 0) {
        throw new IOException("gcc on h2: " + done.error().strip());
      }
      return Long.parseLong(done.output().strip()) / 1e6;
    }
  }
}
