package hob.home;

import com.google.protobuf.InvalidProtocolBufferException;
import hob.home.proto.Signal;
import hob.image.Shadow;
import hob.image.Vessel;
import hob.image.proto.SessionNetwork;
import hob.linux.LinuxException;
import hob.linux.SystemV;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;

/** Takes up a session that an earlier daemon left on this host. */
final class Recovery {
  private static final System.Logger LOG = System.getLogger(Recovery.class.getName());

  private Recovery() {}

  /** One line of a session file: pid in the namespace, host pid, start time, and what follows. */
  private record Entry(int nsPid, int host, long start, String rest) {
    static Entry parse(String s) {
      String[] f = s.split(" ");
      return new Entry(
          Integer.parseInt(f[0]),
          Integer.parseInt(f[1]),
          Long.parseLong(f[2]),
          f.length > 3 ? f[3] : "");
    }

    boolean alive() {
      return SessionNotes.start(host) == start && start != 0;
    }
  }

  static Optional<Recovered> of(Properties p, KernelEngine engine, EngineLink link) {
    SessionId id = SessionId.parse(p.getProperty("session"));
    LocalSession.Role role = LocalSession.Role.valueOf(p.getProperty("role"));
    LocalSession s = engine.session(id, p.getProperty("location", link.self()));
    s.incarnation = Long.parseLong(p.getProperty("incarnation", "0"));
    s.leasedFrom = Integer.parseInt(p.getProperty("lease", "0"));
    s.role = role;
    try {
      return s.tracer().call(() -> takeUp(p, s, role, engine));
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.ERROR, "session " + id + " cannot be taken up", e);
      return Optional.empty();
    }
  }

  private static List<Integer> numbers(Properties p, String key) {
    String all = p.getProperty(key, "").strip();
    return all.isEmpty() ? List.of() : Stream.of(all.split(" ")).map(Integer::valueOf).toList();
  }

  private static List<Entry> entries(Properties p, String key) {
    List<Entry> all = new ArrayList<>();
    for (int i = 0; p.containsKey(key + "." + i); i++) {
      all.add(Entry.parse(p.getProperty(key + "." + i)));
    }
    return all;
  }

  private static List<Signal> signals(Properties p, String key) {
    List<Signal> all = new ArrayList<>();
    for (int i = 0; p.containsKey(key + i); i++) {
      String[] f = p.getProperty(key + i).split(" ");
      all.add(LocalSession.signalOf(Integer.parseInt(f[0]), HexFormat.of().parseHex(f[1])));
    }
    return all;
  }

  private static SessionNetwork network(Properties p) {
    try {
      return SessionNetwork.parseFrom(HexFormat.of().parseHex(p.getProperty("network", "")));
    } catch (InvalidProtocolBufferException e) {
      LOG.log(System.Logger.Level.WARNING, "a session has no network any more", e);
      return SessionNetwork.getDefaultInstance();
    }
  }

  private static Optional<Recovered> takeUp(
      Properties p, LocalSession s, LocalSession.Role role, KernelEngine engine) {
    s.arriving = Long.parseLong(p.getProperty("arriving", "0"));
    s.userStopped.addAll(numbers(p, "stopped"));
    s.paused.addAll(numbers(p, "paused"));
    List<Integer> gone = new ArrayList<>();
    for (Entry e : entries(p, "process")) {
      if (e.alive()) {
        s.hostPids.put(e.nsPid, e.host);
      } else {
        gone.add(e.nsPid);
      }
    }
    for (Entry e : entries(p, "shadow")) {
      if (e.alive()) {
        s.formerShadows.put(e.nsPid, e.host);
      }
    }
    for (String key : p.stringPropertyNames()) {
      if (key.startsWith("mask.")) {
        s.knowMask(
            Integer.parseInt(key.substring(5)), Long.parseUnsignedLong(p.getProperty(key), 16));
      }
    }
    for (int i = 0; p.containsKey("end." + i); i++) {
      String[] f = p.getProperty("end." + i).split(" ");
      s.untold.put(Integer.parseInt(f[0]), Integer.parseInt(f[1]));
    }
    s.taken.addAll(signals(p, "signal."));
    s.along.addAll(signals(p, "along."));
    Set<SystemV.Id> ipc = new LinkedHashSet<>();
    for (int i = 0; p.containsKey("ipc." + i); i++) {
      ipc.add(SystemV.Id.parse(p.getProperty("ipc." + i)));
    }
    s.streams().keepIpc(ipc);
    for (int i = 0; p.containsKey("groups." + i); i++) {
      s.groups.recall(p.getProperty("groups." + i));
    }
    if (p.containsKey("init")) {
      Entry init = Entry.parse(p.getProperty("init"));
      if (!init.alive()) {
        s.end();
        return Optional.empty();
      }
      s.sandbox = Sandbox.takeUp(Vessel.takeUp(init.host, 1));
      s.network = s.hostNetwork().enter(s.id().toString(), s.id().home(), init.host, network(p));
      for (Entry e : entries(p, "known")) {
        if (e.alive()) {
          s.sandbox.known().put(e.nsPid, Vessel.takeUp(e.host, e.nsPid));
        }
      }
    }
    return switch (role) {
      case RESIDENT -> {
        s.watchResident();
        yield s.isOver()
            ? Optional.empty()
            : Optional.of(new Recovered.Running(s.id(), s.incarnation));
      }
      case SHADOWS -> {
        List<Shadow> found = new ArrayList<>();
        for (Entry e : entries(p, "shadow")) {
          if (e.alive()) {
            try {
              found.add(Shadow.takeUp(e.host, e.nsPid, Long.parseUnsignedLong(e.rest, 16)));
              s.streams().keep(Shadow.masters(e.host));
            } catch (LinuxException x) {
              LOG.log(
                  System.Logger.Level.WARNING,
                  "shadow {0} of {1} is lost: {2}",
                  e.nsPid,
                  s.id(),
                  x.getMessage());
            }
          }
        }
        s.watchShadows(found);
        s.hostNetwork().leaving(s.id().toString());
        s.hostNetwork().at(s.id().toString(), s.location);
        yield Optional.of(new Recovered.Shadows(s.id(), s.incarnation));
      }
      case FOREIGN -> {
        // Their parents here have reaped them, so nobody at home can want to know how they ended.
        gone.forEach(s::endedUnseen);
        s.runsHere();
        if (!engine.servesFiles(s.id())) {
          s.filesLost();
        }
        s.tellStops();
        yield Optional.of(new Recovered.Running(s.id(), s.incarnation));
      }
      case DOUBT_SOURCE -> {
        s.busy = true;
        yield Optional.of(new Recovered.InDoubtSource(s.id(), s.incarnation, new StoppedTree(s)));
      }
      case DOUBT_TARGET -> {
        s.busy = true;
        long move = s.arriving != 0 ? s.arriving : s.incarnation;
        yield Optional.of(new Recovered.InDoubtTarget(s.id(), move, new StoppedTree(s)));
      }
    };
  }
}
