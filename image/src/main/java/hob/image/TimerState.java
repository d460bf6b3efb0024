package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.PosixTimer;
import hob.image.proto.ProcessImage;
import hob.linux.Nr;
import hob.linux.ProcFs;
import java.util.HashMap;
import java.util.Map;

/** Interval timers and POSIX timers, with the time that is left. */
final class TimerState implements StateModule {
  private static final int PR_TIMER_CREATE_RESTORE_IDS = 77;
  private static final int SIGEV_THREAD_ID = 4;
  private static final int SIGEV_NONE = 1;

  @Override
  public String name() {
    return "timers";
  }

  @Override
  public void encapsulate(FrozenProcess p, Batch batch, Collection tree, ProcessImage.Builder out) {
    batch.room(8, 256);
    for (int i = 0; i < 3; i++) {
      long at = batch.output(32, b -> out.getTimersBuilder().addItimers(ByteString.copyFrom(b)));
      batch.add("getitimer", Nr.GETITIMER, i, at);
    }
    for (Map<String, String> t : timers(ProcFs.text("/proc/" + p.pid() + "/timers"))) {
      posix(p, batch, out, t);
    }
  }

  /** The POSIX timers that a process has, by their numbers. */
  static java.util.List<Integer> ids(int pid) {
    return timers(ProcFs.text("/proc/" + pid + "/timers")).stream()
        .map(t -> Integer.parseInt(t.getOrDefault("ID", "0")))
        .toList();
  }

  private static java.util.List<Map<String, String>> timers(String text) {
    java.util.List<Map<String, String>> all = new java.util.ArrayList<>();
    for (String line : text.split("\n")) {
      int colon = line.indexOf(':');
      if (colon < 0) {
        continue;
      }
      if (line.startsWith("ID:")) {
        all.add(new HashMap<>());
      }
      all.getLast().put(line.substring(0, colon), line.substring(colon + 1).trim());
    }
    return all;
  }

  private static void posix(
      FrozenProcess p, Batch batch, ProcessImage.Builder out, Map<String, String> t) {
    int id = Integer.parseInt(t.getOrDefault("ID", "0"));
    String[] signal = t.getOrDefault("signal", "0/0").split("/");
    String[] notify = t.getOrDefault("notify", "signal/pid.0").split("[/.]");
    PosixTimer.Builder timer =
        PosixTimer.newBuilder()
            .setId(id)
            .setClock(Integer.parseInt(t.getOrDefault("ClockID", "0")))
            .setSignal(Integer.parseInt(signal[0]))
            .setValue(Long.parseUnsignedLong(signal[1].replace("0x", ""), 16));
    boolean toThread = notify[1].equals("tid");
    timer.setNotify(
        (switch (notify[0]) {
              case "none" -> SIGEV_NONE;
              case "thread" -> 2;
              default -> 0;
            })
            | (toThread ? SIGEV_THREAD_ID : 0));
    if (toThread) {
      int host = Integer.parseInt(notify[2]);
      timer.setNotifyTid(
          p.threads().stream()
              .filter(x -> x.tid() == host)
              .mapToInt(FrozenThread::nsTid)
              .findFirst()
              .orElse(host));
    }
    batch.room(2, 64);
    long at =
        batch.output(
            32, b -> out.getTimersBuilder().addPosix(timer.setSetting(ByteString.copyFrom(b))));
    batch.add("timer_gettime", Nr.TIMER_GETTIME, id, at);
    batch.ask(
        "timer_getoverrun", v -> timer.setOverrun((int) Math.max(0, v)), Nr.TIMER_GETOVERRUN, id);
  }

  @Override
  public void deencapsulate(Rebuild r, ProcessImage image, Batch batch) {
    r.later(b -> interval(r, image, b));
    if (image.getTimers().getPosixCount() > 0) {
      r.later(b -> posix(image, b));
    }
  }

  private static void interval(Rebuild r, ProcessImage image, Batch batch) {
    for (int i = 0; i < image.getTimers().getItimersCount(); i++) {
      byte[] b = running(image.getTimers().getItimers(i).toByteArray());
      if (!Bytes.allZero(b) || r.reused()) {
        batch.room(1, 64);
        batch.add("setitimer", Nr.SETITIMER, i, batch.data(b), 0);
      }
    }
  }

  /**
   * One that has just struck has nothing left and is set again only as its signal is taken, which
   * is pending still. Set to nothing it would be off, so it strikes at once: its signal cannot be
   * pending twice.
   */
  private static byte[] running(byte[] itimerval) {
    var b = Bytes.of(itimerval);
    boolean struck = b.getLong(16) == 0 && b.getLong(24) == 0;
    if (struck && (b.getLong(0) != 0 || b.getLong(8) != 0)) {
      b.putLong(24, 1);
    }
    return itimerval;
  }

  /** After the threads exist, since a timer may notify one. /proc shows the newest first. */
  private static void posix(ProcessImage image, Batch batch) {
    batch.add(
        "prctl(PR_TIMER_CREATE_RESTORE_IDS)", Nr.PRCTL, PR_TIMER_CREATE_RESTORE_IDS, 1, 0, 0, 0);
    for (PosixTimer t : image.getTimers().getPosixList().reversed()) {
      batch.room(3, 192);
      var event = Bytes.of(64);
      event
          .putLong(t.getValue())
          .putInt(t.getSignal())
          .putInt(t.getNotify())
          .putInt(t.getNotifyTid());
      batch.add(
          "timer_create",
          Nr.TIMER_CREATE,
          t.getClock(),
          batch.data(event.array()),
          batch.data(Bytes.ints(t.getId(), 0)));
      batch.add(
          "timer_settime",
          Nr.TIMER_SETTIME,
          t.getId(),
          0,
          batch.data(t.getSetting().toByteArray()),
          0);
    }
    batch.add(
        "prctl(PR_TIMER_CREATE_RESTORE_IDS)", Nr.PRCTL, PR_TIMER_CREATE_RESTORE_IDS, 0, 0, 0, 0);
  }
}
