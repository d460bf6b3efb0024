package hob.home;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** Moves a pid from host to host on this kernel, by hand. */
final class MoveTool {
  private MoveTool() {}

  public static void main(String[] args) throws Exception {
    int pid = Integer.parseInt(args[0]);
    int rounds = Integer.parseInt(args[1]);
    List<String> ring = List.of("h1", "h2", "h3");
    try (Hosts hosts = new Hosts(Path.of("/tmp/hob-movetool-" + pid), "h1", "h2", "h3")) {
      SessionId id = Hosts.atH1(pid);
      for (int i = 0; i < rounds; i++) {
        long n = hosts.move(id, ring.get(i % 3), ring.get((i + 1) % 3));
        System.err.printf(
            "%s -> %s %.2f ms %s%n", ring.get(i % 3), ring.get((i + 1) % 3), n / 1e6, hosts.phases);
        LockSupport.parkNanos(1_000_000L * Long.parseLong(args.length > 2 ? args[2] : "100"));
      }
      while (!hosts.ended(id) && rounds % 3 != 0) {
        LockSupport.parkNanos(100_000_000L);
      }
    }
  }
}
