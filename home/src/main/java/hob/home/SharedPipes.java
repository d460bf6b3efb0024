package hob.home;

import hob.image.TreeWalk;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Pipes and FIFOs of a tree that others of this host have open too, such as the pipe by which makes
 * share their job slots: even when both ends are in the tree, they lead out of it. Looked for
 * before the tree stops; what a tree makes later is its own.
 */
final class SharedPipes {
  /**
   * What was found, by inode.
   *
   * @param shared pipes of the tree that others have open
   * @param read only by the tree, or by nobody
   */
  record Found(Set<Long> shared, Set<Long> read) {
    static final Found NOTHING = new Found(Set.of(), Set.of());
  }

  private SharedPipes() {}

  /** Looks at all processes. The tree runs meanwhile: it may fork and end. */
  static Found of(TreeWalk tree) {
    Map<String, Long> mine = new HashMap<>();
    tree.get().forEach(pid -> pipes(pid, mine));
    Set<Long> shared = new HashSet<>();
    Set<Long> read = new HashSet<>(mine.values());
    if (!mine.isEmpty()) {
      // In this order: whoever of the tree is among them is found by the walk, unless it has ended.
      int[] all = ProcFs.numbers("/proc");
      Set<Integer> inside = new HashSet<>(tree.get());
      for (int pid : all) {
        if (!inside.contains(pid)) {
          others(pid, mine, shared, read);
        }
      }
    }
    return new Found(shared, read);
  }

  private static void pipes(int pid, Map<String, Long> into) {
    eachLink(
        pid,
        (path, link) -> {
          if (link.startsWith("pipe:[")) {
            into.put(link, Long.parseLong(link.substring(6, link.length() - 1)));
          } else if (link.startsWith("/") && !link.startsWith("/dev/")) {
            FileStat stat = FileStat.of(path);
            if (stat.isFifo()) {
              into.put(link, stat.inode());
            }
          }
        });
  }

  private static void others(int pid, Map<String, Long> wanted, Set<Long> shared, Set<Long> read) {
    eachLink(
        pid,
        (path, link) -> {
          Long inode = wanted.get(link);
          if (inode != null && FileStat.of(path).inode() == inode) {
            shared.add(inode);
            if (read.contains(inode) && WaitingReaders.mayRead(path)) {
              read.remove(inode);
            }
          }
        });
  }

  private interface Links {
    void one(String path, String link);
  }

  private static void eachLink(int pid, Links action) {
    try {
      int[] descriptors = ProcFs.numbers("/proc/" + pid + "/fd");
      int task = descriptors.length == 0 ? ProcFs.liveThread(pid) : pid;
      if (task != pid) {
        descriptors = ProcFs.numbers("/proc/" + task + "/fd");
      }
      for (int fd : descriptors) {
        String path = "/proc/" + task + "/fd/" + fd;
        action.one(path, new String(Fd.readlinkBytes(path), StandardCharsets.UTF_8));
      }
    } catch (LinuxException e) {
      // It ended meanwhile.
    }
  }
}
