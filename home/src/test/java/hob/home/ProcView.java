package hob.home;

import hob.image.NamespacePid;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What /proc tells of the processes of a tree, in their own words: pids are those of their
 * innermost namespace. Left out is what a process cannot rely on: inode numbers, times used, page
 * counts, where it waits.
 */
final class ProcView {
  private static final Set<String> STATUS =
      Set.of(
          "Name",
          "Umask",
          "Uid",
          "Gid",
          "Groups",
          "VmSize",
          "VmLck",
          "VmData",
          "VmStk",
          "VmExe",
          "VmLib",
          "THP_enabled",
          "Threads",
          "SigPnd",
          "ShdPnd",
          "SigBlk",
          "SigIgn",
          "SigCgt",
          "CapInh",
          "CapPrm",
          "CapEff",
          "CapBnd",
          "CapAmb",
          "NoNewPrivs",
          "Seccomp",
          "Seccomp_filters",
          "Speculation_Store_Bypass",
          "SpeculationIndirectBranch",
          "Cpus_allowed",
          "Mems_allowed");

  /** tty_nr tpgid priority nice num_threads and what is behind the counts of pages and ticks. */
  private static final int[] STAT = {
    7, 8, 18, 19, 20, 26, 27, 28, 38, 40, 41, 45, 46, 47, 48, 49, 50, 51
  };

  private static final int TPGID = 8;

  private static final Set<String> TEXTS =
      Set.of(
          "cmdline",
          "environ",
          "limits",
          "personality",
          "oom_score_adj",
          "coredump_filter",
          "loginuid",
          "sessionid",
          "timerslack_ns");

  private static final Pattern INFO =
      Pattern.compile(
          "(pos|flags|lock|eventfd-count|eventfd-semaphore|sigmask|tfd|inotify|clockid|"
              + "settime flags|ticks|it_interval|Pid|NSpid):.*");

  private static final Pattern NOTIFY = Pattern.compile("(notify:.*[./])([0-9]+)");

  private ProcView() {}

  /** Each fact by a name that begins with the pid; of processes that end meanwhile, some. */
  static Map<String, String> of(List<Integer> hostPids) {
    Map<String, String> all = new TreeMap<>();
    for (int pid : hostPids) {
      int own = NamespacePid.of(pid);
      try {
        process(pid, own + " ", all);
      } catch (LinuxException e) {
        all.put(own + " gone", e.getMessage());
      }
    }
    return all;
  }

  /** Names and both values of what is not the same. */
  static List<String> differences(Map<String, String> before, Map<String, String> after) {
    List<String> all = new ArrayList<>();
    Set<String> names = new TreeSet<>(before.keySet());
    names.addAll(after.keySet());
    for (String n : names) {
      String a = before.getOrDefault(n, "nothing");
      String b = after.getOrDefault(n, "nothing");
      if (!a.equals(b)) {
        all.add(n + ": " + a + " became " + b);
      }
    }
    return all;
  }

  private static void process(int pid, String name, Map<String, String> all) {
    String proc = "/proc/" + pid;
    ProcFs.Stat stat = ProcFs.stat(proc + "/stat");
    all.put(name + "parent", String.valueOf(NamespacePid.of(stat.ppid())));
    Map<String, String> status = ProcFs.status(proc + "/status");
    for (String family : List.of("NSpgid", "NSsid")) {
      all.put(name + family, lastOf(status.getOrDefault(family, "")));
    }
    boolean zombie = stat.state() == 'Z' && ProcFs.threads(pid).length == 1;
    all.put(name + "exit signal", String.valueOf(stat.field(38)));
    if (zombie) {
      all.put(name + "zombie", stat.comm() + " " + stat.field(52));
      all.put(name + "zombie's user", status.get("Uid") + status.get("Gid"));
      return;
    }
    int with = stat.state() == 'Z' ? ProcFs.threads(pid)[1] : pid;
    String of = proc + "/task/" + with;
    for (String file : TEXTS) {
      all.put(name + file, text("/proc/" + with + "/" + file));
    }
    all.put(name + "auxv", java.util.HexFormat.of().formatHex(ProcFs.read(of + "/auxv")));
    all.put(name + "timers", timers(ProcFs.text(proc + "/timers")));
    for (String link : List.of("exe", "cwd", "root")) {
      all.put(name + link, Fd.readlink(of + "/" + link).replaceAll("#[0-9]+", "#N"));
    }
    maps(ProcFs.text(of + "/smaps"), name, all);
    for (int n : ProcFs.numbers(of + "/fd")) {
      all.put(name + "descriptor " + n, descriptor(of, n));
    }
    for (int tid : ProcFs.threads(pid)) {
      thread(proc + "/task/" + tid, name + "thread " + NamespacePid.of(tid) + " ", all);
    }
  }

  private static void thread(String task, String name, Map<String, String> all) {
    Map<String, String> status = ProcFs.status(task + "/status");
    for (var e : status.entrySet()) {
      if (STATUS.contains(e.getKey())) {
        all.put(name + e.getKey(), value(e.getKey(), e.getValue()));
      }
    }
    ProcFs.Stat stat = ProcFs.stat(task + "/stat");
    for (int field : STAT) {
      int value = (int) stat.field(field);
      boolean group = field == TPGID && value > 0;
      all.put(name + "stat " + field, "" + (group ? NamespacePid.of(value) : stat.field(field)));
    }
    all.put(name + "stopped or ended", "RSD".indexOf(stat.state()) < 0 ? "" + stat.state() : "no");
    all.put(name + "comm", text(task + "/comm"));
  }

  /** A SIGSTOP may wait for who is stopped already; the SIGCONT that wakes him drops it. */
  private static String value(String key, String value) {
    return key.endsWith("Pnd") ? value.replace("0000000000040000", "0000000000000000") : value;
  }

  /** Without what the owner may set but not read, or the kernel does not have. */
  private static String text(String path) {
    try {
      return ProcFs.text(path).replace('\0', ' ').trim();
    } catch (LinuxException e) {
      return String.valueOf(e.errno());
    }
  }

  private static String lastOf(String numbers) {
    return numbers.substring(1 + Math.max(numbers.lastIndexOf('\t'), numbers.lastIndexOf(' ')));
  }

  private static String timers(String text) {
    Matcher m = NOTIFY.matcher(text);
    return m.replaceAll(r -> r.group(1) + NamespacePid.of(Integer.parseInt(r.group(2))));
  }

  /** Range, rights, offset, name, flags, key and lock of each mapping. */
  private static void maps(String smaps, String name, Map<String, String> all) {
    String range = "";
    for (String line : smaps.split("\n")) {
      if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
        String[] f = line.split("\\s+", 6);
        range = name + "mapping " + f[0];
        all.put(range, f[1] + " " + f[2] + " " + (f.length > 5 ? file(f[5]) : ""));
      } else if (line.startsWith("VmFlags:") || line.startsWith("ProtectionKey:")) {
        // sd: whether the kernel happens to have marked it for soft-dirty tracking.
        all.merge(range, line.replace(" sd", ""), (a, b) -> a + " " + b);
      }
    }
  }

  private static String file(String path) {
    return path.replaceAll("#[0-9]+", "#N");
  }

  /** What it leads to, its position, flags, locks, and what else its kind tells. */
  private static String descriptor(String of, int n) {
    String link =
        Fd.readlink(of + "/fd/" + n)
            .replaceAll("#[0-9]+", "#N")
            .replaceAll("^/dev/pts/[0-9]+ ", "/dev/pts/N ")
            .replaceAll(":\\[[0-9]+]", ":[N]");
    List<String> kept = new ArrayList<>();
    for (String line : ProcFs.text(of + "/fdinfo/" + n).split("\n")) {
      if (INFO.matcher(line).matches()) {
        kept.add(info(line));
      }
    }
    String info = kept.toString();
    if (!link.startsWith("/")) {
      // O_LARGEFILE: what has no name is opened anew by one of /proc, which adds it.
      info = info.replaceAll("(flags:\\s*02?)1", "$10");
    }
    return link + " " + info;
  }

  private static String info(String line) {
    if (line.startsWith("Pid:")) {
      return "";
    }
    if (line.startsWith("NSpid:")) {
      return lastOf(line);
    }
    return line.replaceAll("(READ|WRITE) +[0-9]+ [0-9a-f:]+ ", "$1 ")
        .replaceAll("lock:\\s*[0-9]+:", "lock:")
        .replaceAll(" (pos|ino|sdev|fhandle-[a-z]*|f_handle):\\S+", "");
  }
}
