package hob.daemon.control;

import hob.linux.Nr;
import hob.linux.Sys;
import hob.migration.fault.FaultPoint;
import hob.migration.fault.Faults;
import hob.migration.fault.InjectedFaultException;
import hob.wire.proto.FaultArmRequest;
import hob.wire.proto.FaultReply;
import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Faults that a test arms by request. Any thread. */
public final class ArmedFaults implements Faults {
  private static final System.Logger LOG = System.getLogger(ArmedFaults.class.getName());
  private static final int SIGKILL = 9;

  /** A fault for several moves waits so long for all to come to the point. */
  private static final Duration GATHER = Duration.ofSeconds(1);

  private record Armed(FaultArmRequest fault, int left) {}

  private final InetAddress listen;
  private final ScheduledExecutorService timer;
  // Guarded by this.
  private final Map<FaultPoint, Armed> armed = new EnumMap<>(FaultPoint.class);
  private final Set<FaultPoint> struck = EnumSet.noneOf(FaultPoint.class);
  private volatile boolean cut;
  private int strikes;

  /**
   * Nothing is armed.
   *
   * @param listen address on the link that may be cut
   */
  public ArmedFaults(InetAddress listen, ScheduledExecutorService timer) {
    this.listen = listen;
    this.timer = timer;
  }

  synchronized FaultReply arm(FaultArmRequest request) throws Problem {
    FaultPoint point =
        FaultPoint.of(request.getPoint())
            .orElseThrow(() ->
                new Problem(Problem.Kind.FAILED, "no fault point is called " + request.getPoint()));
    armed.put(point, new Armed(request, Math.max(1, request.getTimes())));
    return state();
  }

  synchronized FaultReply clear() throws IOException {
    armed.clear();
    struck.clear();
    strikes = 0;
    link("up");
    return state();
  }

  synchronized FaultReply state() {
    return FaultReply.newBuilder()
        .addAllPoints(armed.keySet().stream().map(FaultPoint::word).toList())
        .addAllStruck(struck.stream().map(FaultPoint::word).toList())
        .setCut(cut)
        .setStrikes(strikes)
        .build();
  }

  @Override
  public void at(FaultPoint point) {
    Optional<FaultArmRequest> fault = take(point);
    if (fault.isPresent()) {
      strike(point, fault.get());
    }
  }

  /**
   * What is to strike now, by this thread; blocks while others are awaited, and while they strike.
   */
  private synchronized Optional<FaultArmRequest> take(FaultPoint point) {
    Armed a = armed.get(point);
    if (a == null) {
      return Optional.empty();
    }
    struck.add(point);
    strikes++;
    cut |= a.fault.getAction() == FaultArmRequest.Action.CUT;
    if (a.left > 1) {
      armed.put(point, new Armed(a.fault, a.left - 1));
      if (a.fault.getAction() != FaultArmRequest.Action.ERROR) {
        return gathered(point, a.fault);
      }
    } else {
      armed.remove(point);
      notifyAll();
    }
    return Optional.of(a.fault);
  }

  /** Waits for others to come here; whoever is last, or first has waited long enough, strikes. */
  private Optional<FaultArmRequest> gathered(FaultPoint point, FaultArmRequest fault) {
    long end = System.nanoTime() + GATHER.toNanos();
    long left = GATHER.toMillis();
    try {
      while (armed.containsKey(point) && left > 0) {
        wait(left);
        left = (end - System.nanoTime()) / 1_000_000;
      }
      while (!armed.containsKey(point) && fault.getAction() == FaultArmRequest.Action.KILL) {
        // Whoever went on would be somewhere behind the point when its daemon dies.
        wait();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    return armed.remove(point) == null ? Optional.empty() : Optional.of(fault);
  }

  private void strike(FaultPoint point, FaultArmRequest fault) {
    LOG.log(
        System.Logger.Level.WARNING,
        "fault at {0}: {1} of {2}",
        point.word(),
        fault.getAction(),
        Integer.toString(strikes()));
    switch (fault.getAction()) {
      case KILL -> Sys.call(Nr.KILL, ProcessHandle.current().pid(), SIGKILL);
      case CUT -> cut(fault.getMillis());
      case DELAY -> delay(fault.getMillis());
      case ERROR -> throw new InjectedFaultException(point);
      case UNRECOGNIZED -> LOG.log(System.Logger.Level.WARNING, "an unknown fault");
    }
  }

  private synchronized int strikes() {
    return strikes;
  }

  private void cut(int millis) {
    try {
      link("down");
      if (millis > 0) {
        var _ = timer.schedule(this::mend, millis, TimeUnit.MILLISECONDS);
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot cut the link", e);
    }
  }

  private void mend() {
    try {
      link("up");
    } catch (IOException e) {
      LOG.log(System.Logger.Level.ERROR, "cannot mend the link", e);
    }
  }

  /** Packets are lost without anybody being told, as with a cable that was pulled. */
  private void link(String state) throws IOException {
    NetworkInterface link = NetworkInterface.getByInetAddress(listen);
    if (link == null || link.isLoopback()) {
      return;
    }
    try {
      new ProcessBuilder("ip", "link", "set", "dev", link.getName(), state).start().waitFor();
      cut = !state.equals("up");
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static void delay(int millis) {
    try {
      TimeUnit.MILLISECONDS.sleep(millis);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
