package hob.image;

import hob.image.proto.ControllingTerminal;
import hob.image.proto.StandIn;
import hob.linux.FileStat;
import hob.linux.ProcFs;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which terminals control the sessions of a tree that stands still. */
final class ControllingTerminals {
  private final List<FrozenProcess> processes;
  private final Collection tree;

  private ControllingTerminals(List<FrozenProcess> processes, Collection tree) {
    this.processes = processes;
    this.tree = tree;
  }

  static List<ControllingTerminal> of(List<FrozenProcess> processes, Collection tree) {
    return List.copyOf(new ControllingTerminals(processes, tree).bySession().values());
  }

  private Map<Integer, ControllingTerminal> bySession() {
    Map<Integer, ControllingTerminal> found = new LinkedHashMap<>();
    for (FrozenProcess p : processes) {
      int number = PtsDevice.number(PtsDevice.controlling(p.facts().stat()));
      int sid = inNamespace(p, "NSsid", p.facts().stat().sid());
      if (number >= 0 && sid > 0 && !found.containsKey(sid)) {
        found.put(sid, terminal(p, sid, number));
      }
    }
    return found;
  }

  private ControllingTerminal terminal(FrozenProcess p, int sid, int number) {
    FileStat file;
    try (var root = p.facts().root()) {
      file = root.stat(("/dev/pts/" + number).getBytes(StandardCharsets.UTF_8));
    }
    ControllingTerminal.Builder terminal =
        ControllingTerminal.newBuilder()
            .setSid(sid)
            .setForeground(foreground((int) p.facts().stat().field(8)));
    if (tree.pseudoTerminals().of(number, file).isPresent()) {
      return terminal.setNumber(1 + number).build();
    }
    StandIn standIn = tree.terminal(p, file, number);
    return terminal.setNumber(standIn.getNumber()).setStandIn(standIn).build();
  }

  /** In the tree's pid namespace; the group's leader may have ended. */
  private int foreground(int hostPgid) {
    for (FrozenProcess p : processes) {
      ProcFs.Stat s = p.facts().stat();
      if (s.pgid() == hostPgid) {
        return inNamespace(p, "NSpgid", s.pgid());
      }
    }
    return hostPgid > 0 ? NamespacePid.of(hostPgid) : 0;
  }

  private static int inNamespace(FrozenProcess p, String key, int otherwise) {
    return ProcessFacts.last(p.facts().status().getOrDefault(key, String.valueOf(otherwise)));
  }
}
