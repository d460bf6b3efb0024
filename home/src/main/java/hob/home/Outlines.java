package hob.home;

import hob.image.NamespacePid;
import hob.image.PtsDevice;
import hob.image.SharedTables;
import hob.image.Vdso;
import hob.image.format.ImageException;
import hob.image.format.TreeImages;
import hob.image.proto.ControllingTerminal;
import hob.image.proto.CpuFeatures;
import hob.image.proto.OutsideProcess;
import hob.image.proto.ProcessImage;
import hob.image.proto.ProcessOutline;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import hob.linux.Errno;
import hob.linux.Kcmp;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntUnaryOperator;

/** What a target is told before the tree stops, from /proc. */
final class Outlines {
  private static final int PAGE = 4096;

  private record Relation(int pid, int ppid, int pgid, int sid, long mask) {}

  private Outlines() {}

  /**
   * The image that a source sent.
   *
   * @throws IllegalArgumentException when it is none
   */
  static TreeImage sound(byte[] image) {
    try {
      return TreeImages.parse(image);
    } catch (ImageException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /**
   * Of live processes.
   *
   * @param terminalNumber of a terminal's packed device number here, its number at home; 0: none
   */
  static TreeOutline of(
      List<Integer> hostPids,
      String home,
      int lease,
      int nextPid,
      IntUnaryOperator terminalNumber) {
    TreeOutline.Builder out =
        TreeOutline.newBuilder()
            .setVersion(TreeImages.VERSION)
            .setArch(System.getProperty("os.arch", "?"))
            .setHome(home)
            .setFirstPid(lease)
            .setNextPid(nextPid)
            .setCpu(cpu())
            .setVdso(com.google.protobuf.ByteString.copyFrom(Vdso.code()));
    Map<Integer, Relation> tree = new LinkedHashMap<>();
    Map<Integer, Integer> hostParents = new LinkedHashMap<>();
    Map<Integer, Integer> terminals = new LinkedHashMap<>();
    long resident = 0;
    Map<Integer, Integer> files = SharedTables.groups(Kcmp.FILES, hostPids);
    Map<Integer, Integer> fs = SharedTables.groups(Kcmp.FS, hostPids);
    for (int pid : hostPids) {
      try {
        ProcFs.Stat stat = ProcFs.stat("/proc/" + pid + "/stat");
        Relation r = relation(pid, stat);
        tree.put(r.pid, r);
        hostParents.put(r.pid, stat.ppid());
        resident += stat.field(24) * PAGE;
        int device = PtsDevice.controlling(stat);
        if (device != 0) {
          terminals.computeIfAbsent(r.sid, sid -> terminalNumber.applyAsInt(device));
        }
        out.addProcesses(
            ProcessOutline.newBuilder()
                .setPid(r.pid)
                .setPpid(r.ppid)
                .setPgid(r.pgid)
                .setSid(r.sid)
                .setMask(r.mask)
                .setFilesWith(group(files, pid))
                .setFsWith(group(fs, pid)));
      } catch (LinuxException e) {
        if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESRCH) {
          throw e;
        }
      }
    }
    outside(tree, hostParents).forEach(out::addOutside);
    terminals.forEach((sid, number) -> {
      if (number != 0) {
        out.addTerminals(ControllingTerminal.newBuilder().setSid(sid).setNumber(number));
      }
    });
    return out.setResidentBytes(resident).build();
  }

  private static int group(Map<Integer, Integer> groups, int pid) {
    Integer with = groups.get(pid);
    return with == null ? 0 : NamespacePid.of(with);
  }

  private static Relation relation(int pid, ProcFs.Stat stat) {
    Map<String, String> s = ProcFs.status("/proc/" + pid + "/status");
    int own = last(s, "NSpid", pid);
    if (own == 0) {
      throw new LinuxException("/proc/" + pid + "/status", Errno.ESRCH, "it has just been reaped");
    }
    return new Relation(
        own,
        NamespacePid.of(stat.ppid()),
        last(s, "NSpgid", stat.pgid()),
        last(s, "NSsid", stat.sid()),
        Long.parseUnsignedLong(s.getOrDefault("SigBlk", "0"), 16));
  }

  private static int last(Map<String, String> status, String key, int otherwise) {
    String v = status.get(key);
    if (v == null) {
      return otherwise;
    }
    String[] f = v.trim().split("\\s+");
    return Integer.parseInt(f[f.length - 1]);
  }

  /** Parents and leaders that are not in the tree: sessions first, then the rest. */
  private static List<OutsideProcess> outside(
      Map<Integer, Relation> tree, Map<Integer, Integer> hostParents) {
    Map<Integer, OutsideProcess> out = new LinkedHashMap<>();
    Map<Integer, Relation> parents = new LinkedHashMap<>();
    for (Relation r : tree.values()) {
      if (r.ppid > 1 && !tree.containsKey(r.ppid)) {
        try {
          int host = hostParents.getOrDefault(r.pid, 0);
          parents.put(r.ppid, relation(host, ProcFs.stat("/proc/" + host + "/stat")));
        } catch (LinuxException e) {
          parents.put(r.ppid, new Relation(r.ppid, 1, r.pgid, r.sid, 0));
        }
      }
    }
    Set<Relation> all = new HashSet<>(tree.values());
    all.addAll(parents.values());
    for (Relation r : all) {
      if (r.sid > 1 && !tree.containsKey(r.sid)) {
        out.putIfAbsent(r.sid, waits(r.sid, r.sid, r.sid));
      }
    }
    for (Relation r : all) {
      if (r.pgid > 1 && !tree.containsKey(r.pgid)) {
        out.putIfAbsent(r.pgid, waits(r.pgid, r.pgid, r.sid));
      }
    }
    for (Relation p : parents.values()) {
      out.putIfAbsent(p.pid, waits(p.pid, p.pgid, p.sid));
    }
    return List.copyOf(out.values());
  }

  private static OutsideProcess waits(int pid, int pgid, int sid) {
    return OutsideProcess.newBuilder().setPid(pid).setPpid(1).setPgid(pgid).setSid(sid).build();
  }

  /** Of an image, with the outside of the outline that went before it. */
  static TreeOutline of(TreeImage image) {
    TreeOutline.Builder out =
        TreeOutline.newBuilder()
            .addAllOutside(image.getOutsideList())
            .addAllTerminals(image.getTerminalsList());
    for (ProcessImage p : image.getProcessesList()) {
      out.addProcesses(
          ProcessOutline.newBuilder()
              .setPid(p.getPid())
              .setPpid(p.getPpid())
              .setPgid(p.getPgid())
              .setSid(p.getSid())
              .setFilesWith(p.getFilesWith())
              .setFsWith(p.getFsWith()));
    }
    return out.build();
  }

  /** Of this host. */
  static CpuFeatures cpu() {
    CpuFeatures.Builder c = CpuFeatures.newBuilder();
    for (String line : ProcFs.text("/proc/cpuinfo").split("\n")) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        if (c.getFlagsCount() > 0) {
          break;
        }
        continue;
      }
      String value = line.substring(colon + 1).trim();
      if (line.startsWith("model name")) {
        c.setModel(value);
      } else if (line.startsWith("flags")) {
        c.addAllFlags(List.of(value.split(" ")));
      }
    }
    return c.build();
  }
}
