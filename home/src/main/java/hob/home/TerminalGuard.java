package hob.home;

import hob.image.Descendants;
import hob.image.PtsDevice;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.linux.Terminal;
import java.util.OptionalInt;

/**
 * Keeps EXTPROC off a real terminal after its tree has come home. A program that asked for the
 * settings abroad was told of that flag, keeps them, and may set them here at any time; then the
 * kernel would edit no lines and make no signals. Nothing tells of such a change, so it is looked
 * for. The terminal is not kept open: who has the master must see when the last user has gone.
 */
final class TerminalGuard {
  private final int device;
  private final int root;

  /**
   * A guard.
   *
   * @param device packed number of the terminal
   * @param root host pid of the session's first process
   */
  TerminalGuard(int device, int root) {
    this.device = device;
    this.root = root;
  }

  /** Looks once; false when no process of the session is controlled by it any more. */
  boolean look() {
    OptionalInt user = user();
    if (user.isEmpty()) {
      return false;
    }
    String path = "/proc/" + user.getAsInt() + "/root/dev/pts/" + PtsDevice.number(device);
    try (Fd terminal = Fd.open(path, Fd.O_RDWR | Fd.O_NOCTTY | Fd.O_NONBLOCK)) {
      byte[] now = Terminal.settings(terminal);
      int flags = Terminal.localFlags(now);
      if ((flags & Terminal.EXTPROC) != 0) {
        Terminal.setSettings(terminal, Terminal.withLocalFlags(now, flags & ~Terminal.EXTPROC));
      }
      return true;
    } catch (LinuxException e) {
      // EIO: it hung up. ENOENT: another root.
      return false;
    }
  }

  private OptionalInt user() {
    if (controls(root)) {
      return OptionalInt.of(root);
    }
    return Descendants.of(root).stream()
        .mapToInt(Integer::intValue)
        .filter(this::controls)
        .findFirst();
  }

  private boolean controls(int pid) {
    try {
      return PtsDevice.controlling(ProcFs.stat("/proc/" + pid + "/stat")) == device;
    } catch (LinuxException e) {
      return false;
    }
  }
}
