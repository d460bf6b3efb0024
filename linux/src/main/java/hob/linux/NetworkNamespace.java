package hob.linux;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/**
 * Work in the network namespace of another process ({@code setns(2)}): sockets belong for ever to
 * the namespace that the thread which made them was in. The thread is made for the purpose and ends
 * with it, so that no pooled thread is left behind in a foreign namespace. Any thread may call.
 */
public final class NetworkNamespace {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final int CLONE_FS = 0x200;

  private NetworkNamespace() {}

  /**
   * Runs {@code work} in the namespace of {@code pid} and waits for it; in the calling thread when
   * that is its own namespace.
   */
  public static <T> T in(int pid, Supplier<T> work) {
    String theirs = Fd.readlink("/proc/" + pid + "/ns/net");
    if (theirs.equals(Fd.readlink("/proc/thread-self/ns/net"))) {
      return work.get();
    }
    return aside(() -> {
      try (Fd ns = Fd.open("/proc/" + pid + "/ns/net", Fd.O_RDONLY)) {
        Sys.check(Sys.call(Nr.SETNS, ns.number(), CLONE_NEWNET), "setns", "net", pid);
      }
      return work.get();
    });
  }

  /**
   * Runs {@code work} in a thread of its own that shares neither working nor root directory with
   * others, and so may change both; in the network namespace of the caller.
   */
  public static <T> T withOwnDirectories(Supplier<T> work) {
    String namespace = "/proc/thread-self/ns/net";
    try (Fd ns = Fd.open(namespace, Fd.O_RDONLY)) {
      return aside(() -> {
        Sys.check(Sys.call(Nr.SETNS, ns.number(), CLONE_NEWNET), "setns", "net");
        Sys.check(Sys.call(Nr.UNSHARE, CLONE_FS), "unshare", "CLONE_FS");
        return work.get();
      });
    }
  }

  /** Runs {@code work} in a thread that is made for it and ends with it. */
  static <T> T aside(Supplier<T> work) {
    CompletableFuture<T> result = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("hob-aside")
        .start(() -> {
          try {
            result.complete(work.get());
          } catch (RuntimeException | Error e) {
            result.completeExceptionally(e);
          }
        });
    try {
      return result.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException r) {
        throw r;
      }
      throw e;
    }
  }
}
