package hob.image;

import hob.image.proto.Limit;
import hob.image.proto.ProcessImage;
import hob.linux.Nr;
import hob.linux.ProcFs;
import java.util.List;

/**
 * Resource limits. Read from /proc since prlimit(2) on another user's process needs
 * CAP_SYS_RESOURCE.
 */
final class LimitState implements StateModule {
  /** Lines of /proc/PID/limits by RLIMIT_ number. */
  private static final List<String> NAMES =
      List.of(
          "Max cpu time",
          "Max file size",
          "Max data size",
          "Max stack size",
          "Max core file size",
          "Max resident set",
          "Max processes",
          "Max open files",
          "Max locked memory",
          "Max address space",
          "Max file locks",
          "Max pending signals",
          "Max msgqueue size",
          "Max nice priority",
          "Max realtime priority",
          "Max realtime timeout");

  private static final long UNLIMITED = -1;

  @Override
  public String name() {
    return "limits";
  }

  static Limit[] read(int pid) {
    Limit[] all = new Limit[NAMES.size()];
    for (String line : ProcFs.text("/proc/" + pid + "/limits").split("\n")) {
      for (int i = 0; i < all.length; i++) {
        if (line.startsWith(NAMES.get(i))) {
          String[] f = line.substring(NAMES.get(i).length()).trim().split("\\s+");
          all[i] = Limit.newBuilder().setSoft(value(f[0])).setHard(value(f[1])).build();
        }
      }
    }
    return all;
  }

  private static long value(String s) {
    return s.equals("unlimited") ? UNLIMITED : Long.parseUnsignedLong(s);
  }

  @Override
  public void encapsulate(FrozenProcess p, Batch batch, Collection tree, ProcessImage.Builder out) {
    out.addAllLimits(List.of(read(p.pid())));
  }

  @Override
  public void deencapsulate(Rebuild r, ProcessImage image, Batch batch) {
    r.last(b -> {
      Limit[] now = read(r.pid());
      for (int i = 0; i < image.getLimitsCount(); i++) {
        if (!image.getLimits(i).equals(now[i])) {
          b.room(1, 16);
          Limit wanted = image.getLimits(i);
          b.add(
              "prlimit64(" + NAMES.get(i) + ")",
              Nr.PRLIMIT64,
              0,
              i,
              b.data(Bytes.longs(wanted.getSoft(), wanted.getHard())),
              0);
        }
      }
    });
  }
}
