package hob.home;

import hob.home.proto.Signal;
import hob.image.Vessel;
import hob.linux.LinuxException;
import hob.linux.ProcFs;
import hob.linux.SystemV;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What stands here of a session, for the next daemon: see {@link Recovery}, which reads it.
 *
 * @param init host pid of the sandbox's init, 0 without a sandbox
 * @param known host pids of what stands for others in the sandbox, by pid there
 * @param processes host pids by home pid
 * @param masks of the leaders of processes in doubt, by host pid
 * @param ipc System V objects of this host that were the tree's when it left
 * @param groups control groups at home, as {@link HomeGroups} notes them
 * @param taken signals that shadows had taken, and nobody has yet
 * @param along signals that are pending in the image of a source in doubt
 * @param ends how processes ended, by home pid
 * @param network what the sandbox has of its home's network, as hexadecimal digits
 */
record SessionNotes(
    SessionId id,
    LocalSession.Role role,
    long incarnation,
    String location,
    int lease,
    long arriving,
    Set<Integer> stopped,
    Map<Integer, Long> masks,
    Set<Integer> paused,
    List<Signal> taken,
    List<Signal> along,
    List<ShadowPlace> shadows,
    Map<Integer, Integer> ends,
    Map<Integer, Integer> processes,
    Set<SystemV.Id> ipc,
    List<String> groups,
    int init,
    Map<Integer, Integer> known,
    String network) {

  /** Where a shadow's code is. */
  private record ShadowPlace(int nsPid, int pid, long code) {}

  /** The same when its shadows have been stopped, so that the tree can come home into them. */
  SessionNotes comingHome(
      long move, Map<Integer, Long> outlinedMasks, Map<Integer, Integer> stoppedShadows) {
    return new SessionNotes(
        id,
        LocalSession.Role.DOUBT_TARGET,
        incarnation,
        location,
        lease,
        move,
        stopped,
        outlinedMasks,
        paused,
        taken,
        along,
        shadows,
        ends,
        stoppedShadows,
        ipc,
        groups,
        init,
        known,
        network);
  }

  /** Tracer's thread. */
  static SessionNotes of(LocalSession s) {
    Map<Integer, Integer> known = new HashMap<>();
    Sandbox sandbox = s.sandbox;
    if (sandbox != null) {
      for (Vessel v : sandbox.known().values()) {
        known.put(v.nsPid(), v.pid());
      }
    }
    return new SessionNotes(
        s.id(),
        s.role,
        s.incarnation,
        s.location,
        s.leasedFrom,
        s.arriving,
        Set.copyOf(s.userStopped),
        s.knownMasks(),
        Set.copyOf(s.paused),
        List.copyOf(s.taken),
        List.copyOf(s.along),
        s.shadows.values().stream()
            .map(x -> new ShadowPlace(x.nsPid(), x.pid(), x.code()))
            .toList(),
        Map.copyOf(s.untold),
        Map.copyOf(s.hostPids),
        s.streams().kept(),
        s.groups.notes(),
        sandbox == null ? 0 : sandbox.init().pid(),
        known,
        s.network == null ? "" : HexFormat.of().formatHex(s.network.settings().toByteArray()));
  }

  /** As the file of a session has it: for {@link java.util.Properties}, a line each. */
  String text() {
    StringBuilder out = new StringBuilder(512);
    line(out, "session", id.toString());
    line(out, "role", role.name());
    line(out, "incarnation", String.valueOf(incarnation));
    line(out, "location", location);
    line(out, "lease", String.valueOf(lease));
    line(out, "arriving", String.valueOf(arriving));
    line(out, "stopped", words(stopped));
    masks.forEach((pid, mask) -> line(out, "mask." + pid, Long.toHexString(mask)));
    line(out, "paused", words(paused));
    lines(out, "signal", signals(taken));
    lines(out, "along", signals(along));
    List<String> places = new ArrayList<>();
    for (ShadowPlace s : shadows) {
      places.add(process(s.nsPid, s.pid) + " " + Long.toHexString(s.code));
    }
    lines(out, "shadow", places);
    List<String> statuses = new ArrayList<>();
    ends.forEach((pid, status) -> statuses.add(pid + " " + status));
    lines(out, "end", statuses);
    lines(out, "process", processes(processes));
    lines(out, "ipc", ipc.stream().map(SystemV.Id::toString).toList());
    lines(out, "groups", groups);
    if (init != 0) {
      line(out, "init", process(1, init));
      line(out, "network", network);
      lines(out, "known", processes(known));
    }
    return out.toString();
  }

  private static List<String> signals(List<Signal> signals) {
    return signals.stream()
        .map(s -> s.getPid() + " " + HexFormat.of().formatHex(s.getInfo().toByteArray()))
        .toList();
  }

  private static List<String> processes(Map<Integer, Integer> hostPids) {
    List<String> all = new ArrayList<>();
    hostPids.forEach((pid, host) -> all.add(process(pid, host)));
    return all;
  }

  private static String process(int pid, int host) {
    return pid + " " + host + " " + start(host);
  }

  /** When a process of this host started, clock ticks after boot; 0 if there is none. */
  static long start(int pid) {
    try {
      return ProcFs.stat("/proc/" + pid + "/stat").startTime();
    } catch (LinuxException e) {
      return 0;
    }
  }

  private static String words(Collection<Integer> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(" "));
  }

  private static void lines(StringBuilder out, String key, List<String> values) {
    int i = 0;
    for (String value : values) {
      line(out, key + "." + i++, value);
    }
  }

  private static void line(StringBuilder out, String key, String value) {
    out.append(key).append('=').append(value.replace("\\", "\\\\")).append('\n');
  }
}
