package hob.bench;

import java.io.IOException;
import java.util.List;

/** One benchmark of {@code hob bench}: measures Hob and what it is compared with, side by side. */
public interface Benchmark {
  /** What the user calls it. */
  String name();

  /** One line for the list of benchmarks. */
  String summary();

  /**
   * Measures; one thread. Whatever is compared is measured in this run, in turns.
   *
   * @throws IOException with a line that says what to do, if the machine cannot run it
   */
  List<Row> run(BenchContext context) throws IOException, InterruptedException;
}
