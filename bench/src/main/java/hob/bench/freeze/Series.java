package hob.bench.freeze;

import java.util.List;

/**
 * One kind of state that grows.
 *
 * @param name of the kind
 * @param unit one of it
 * @param sizes how much of it, ascending
 */
record Series(Kind kind, String name, String unit, List<Integer> sizes) {
  /** Which argument of the program grows. */
  enum Kind {
    MEMORY,
    THREADS,
    DESCRIPTORS,
    MAPPINGS,
    PROCESSES
  }

  static final List<Series> ALL =
      List.of(
          new Series(Kind.MEMORY, "memory", "MB", List.of(1, 64, 256, 1024, 2048, 4096)),
          new Series(Kind.THREADS, "threads", "thread", List.of(1, 100, 200, 300, 400, 500)),
          new Series(
              Kind.DESCRIPTORS,
              "descriptors",
              "descriptor",
              List.of(3, 1000, 2000, 3000, 4000, 5000)),
          new Series(
              Kind.MAPPINGS, "mappings", "mapping", List.of(20, 4000, 8000, 12000, 16000, 20000)),
          new Series(Kind.PROCESSES, "tree", "process", List.of(1, 40, 80, 120, 160, 200)));

  /** Arguments of the program {@code state}, after the file. */
  List<String> arguments(int size) {
    return List.of(Kind.values()).stream()
        .map(k -> k == kind ? size : k == Kind.THREADS || k == Kind.PROCESSES ? 1 : 0)
        .map(String::valueOf)
        .toList();
  }
}
