package hob.image;

import hob.image.proto.PseudoTerminal;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.RootDir;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The pseudo-terminals of a tree that stands still whose masters are in it. Those whose masters
 * stay behind lead out of the tree. Tracer's thread.
 */
final class PseudoTerminals {
  /** A master's first descriptor. */
  record Master(FrozenProcess process, ProcessFacts.FdFacts descriptor) {}

  private final Map<Integer, Master> masters = new LinkedHashMap<>();
  private final Set<Integer> openSlaves = new HashSet<>();
  private final Map<Integer, Integer> indices = new HashMap<>();
  private final List<PseudoTerminal> images = new ArrayList<>();

  /** Notes a descriptor, whatever it is of. */
  void add(FrozenProcess p, ProcessFacts.FdFacts d) {
    if (!d.stat().isCharacterDevice()) {
      return;
    }
    if (PseudoTerminalFile.isMaster(d)) {
      masters.putIfAbsent(PseudoTerminalFile.number(d), new Master(p, d));
    } else if (PtsDevice.is(d.stat())) {
      openSlaves.add(PtsDevice.number(PtsDevice.packed(d.stat())));
    }
  }

  /** Descriptors of all masters. */
  List<Master> masters() {
    return List.copyOf(masters.values());
  }

  /** Index of that of a master. */
  int of(ProcessFacts.FdFacts master) {
    return index(PseudoTerminalFile.number(master));
  }

  /**
   * Index of that of a slave; empty when its master is not in the tree.
   *
   * @param number N of /dev/pts/N
   */
  OptionalInt of(int number, FileStat slave) {
    Master m = masters.get(number);
    return m != null && node(m, number).device() == slave.device()
        ? OptionalInt.of(index(number))
        : OptionalInt.empty();
  }

  private static FileStat node(Master m, int number) {
    try (RootDir root = m.process.facts().root()) {
      return root.stat(("/dev/pts/" + number).getBytes(StandardCharsets.UTF_8));
    } catch (LinuxException e) {
      throw new Collection.Refused(
          new Refusal(
              m.process.pid(),
              "pseudo-terminal",
              "descriptor "
                  + m.descriptor.number()
                  + " is the master of a pseudo-terminal that is not in its /dev/pts"));
    }
  }

  private int index(int number) {
    return indices.computeIfAbsent(
        number,
        n -> {
          images.add(image(n));
          return images.size() - 1;
        });
  }

  private PseudoTerminal image(int number) {
    Master m = java.util.Objects.requireNonNull(masters.get(number));
    FileStat node = node(m, number);
    try (Fd master = SocketSurvey.here(m.process, m.descriptor)) {
      PseudoTerminal.Builder b = PseudoTerminalState.read(master, openSlaves.contains(number));
      if (hob.linux.Terminal.discipline(b.getTermios().toByteArray()) != 0) {
        throw new Collection.Refused(
            new Refusal(
                m.process.pid(),
                "pseudo-terminal",
                "descriptor "
                    + m.descriptor.number()
                    + " is a pseudo-terminal with a line discipline that is not a terminal's"));
      }
      return b.setNumber(number)
          .setMode(node.mode() & 07777)
          .setUid(node.uid())
          .setGid(node.gid())
          .build();
    }
  }

  /** What the image says of them. */
  List<PseudoTerminal> images() {
    return images;
  }
}
