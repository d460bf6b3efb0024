package hob.linux;

import java.util.function.Supplier;

/**
 * Work in the IPC namespace of another process ({@code setns(2)}), as {@link NetworkNamespace} for
 * networks. Any thread may call.
 */
public final class IpcNamespace {
  private static final int CLONE_NEWIPC = 0x08000000;

  private IpcNamespace() {}

  /** Whether {@code pid} has the caller's. */
  public static boolean isOwn(int pid) {
    return Fd.readlink("/proc/" + pid + "/ns/ipc").equals(Fd.readlink("/proc/self/ns/ipc"));
  }

  /**
   * Runs {@code work} in the namespace of {@code pid}, in a thread of its own that may change its
   * credentials, and waits for it.
   */
  public static <T> T in(int pid, Supplier<T> work) {
    return NetworkNamespace.aside(() -> {
      if (!isOwn(pid)) {
        try (Fd ns = Fd.open("/proc/" + pid + "/ns/ipc", Fd.O_RDONLY)) {
          Sys.check(Sys.call(Nr.SETNS, ns.number(), CLONE_NEWIPC), "setns", "ipc", pid);
        }
      }
      return work.get();
    });
  }
}
