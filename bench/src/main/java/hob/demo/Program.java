package hob.demo;

import java.nio.file.Path;
import java.util.List;

/**
 * A program of the demo.
 *
 * @param name shown in the table
 * @param what it does, in a few words
 * @param script for {@code sh -c}; {@code $W} is the directory with the inputs, {@code $O} one of
 *     its own for outputs, where it must leave {@code result}
 */
record Program(String name, String what, String script) {
  /** As a command, for a directory of inputs and one of outputs. */
  List<String> command(Path inputs, Path outputs) {
    return List.of("/bin/sh", "-c", "W=%s; O=%s; cd $O; %s".formatted(inputs, outputs, script));
  }

  /** Those of the demo. */
  static List<Program> all(Path java) {
    return List.of(
        new Program("xz", "compresses a file", "exec xz -T1 -6 -c $W/text >result"),
        new Program("python3", "hashes in a loop", "exec python3 $W/work.py >result"),
        new Program(
            "java",
            "sorts and sums",
            "exec %s -XX:+UseSerialGC -Xmx256m -cp $W Work >result".formatted(java)),
        new Program("gcc", "compiles a large file", "exec gcc -O2 -S -o result $W/large.c"),
        new Program(
            "sqlite3",
            "fills a database",
            "rm -f db; sqlite3 db <$W/fill.sql && sqlite3 db .dump >result"),
        new Program(
            "pipeline",
            "generates, sorts, counts",
            "seq 1 1500000 | awk '{print ($1*7919)%100003}' | sort -n | uniq -c | sort -k1,1n -k2,2n"
                + " >result"));
  }
}
