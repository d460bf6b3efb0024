package hob.image;

import hob.linux.MapsEntry;
import hob.linux.Nr;
import hob.linux.ProcFs;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where Hob stands in a vessel while that becomes another process. What can be made ahead is made
 * {@linkplain #ahead ahead}, since a tree stands still while it is rebuilt; a shadow has a hole of
 * its own. Tracer's thread.
 *
 * @param others what is mapped beside the hole
 * @param free where there is room for what is special of them
 * @param mailbox null: there is none yet, and descriptors may be open
 */
record Foothold(Hole hole, List<MapsEntry> others, long free, @Nullable Mailbox mailbox) {

  /** In a fresh vessel, without an image yet: its descriptors are closed but the mailbox's. */
  static Foothold ahead(Vessel v) {
    Foothold made = make(v, new ArrayList<>());
    Batch b = new Batch(v.leader(), v.tid(), made.hole);
    b.add("close_range", Nr.CLOSE_RANGE, 0, 0xffffffffL, 0);
    Mailbox mailbox = Mailbox.open(b, v.tid());
    b.run();
    return new Foothold(made.hole, made.others, made.free, mailbox);
  }

  /**
   * The one made ahead, or the shadow's own, if the image leaves them their place; a new one.
   *
   * @param taken what the image takes; what the vessel has is added
   * @param shares whether the process shares its descriptors, so that it needs another mailbox
   */
  static Foothold in(Vessel v, List<Hole.Range> taken, boolean shares) {
    Foothold ahead = v.takeFoothold();
    if (ahead != null) {
      boolean suits = Hole.isFree(taken, ahead.hole.code(), Hole.room(ahead.others));
      if (shares || !suits) {
        ahead.close();
      }
      if (suits) {
        ahead.others.forEach(e -> taken.add(Hole.Range.of(e)));
        return shares ? new Foothold(ahead.hole, ahead.others, ahead.free, null) : ahead;
      }
    }
    if (v.reused() && Hole.isFree(taken, v.code(), Hole.SIZE)) {
      Hole own = new Hole(v.code());
      List<MapsEntry> others =
          ProcFs.maps(v.tid(), false).stream()
              .filter(e -> e.start() < own.code() || e.start() >= own.end())
              .toList();
      others.forEach(e -> taken.add(Hole.Range.of(e)));
      taken.add(new Hole.Range(own.code(), own.end()));
      return new Foothold(own, others, Hole.place(taken, Hole.room(others) - Hole.SIZE), null);
    }
    return make(v, taken);
  }

  private static Foothold make(Vessel v, List<Hole.Range> taken) {
    List<MapsEntry> others = ProcFs.maps(v.tid(), false);
    others.forEach(e -> taken.add(Hole.Range.of(e)));
    long at = Hole.place(taken, Hole.room(others));
    Hole hole = v.openHole(at);
    return new Foothold(hole, others, hole.end() + Hole.PAGE, null);
  }

  /** Lets go of the daemon's end of the mailbox. */
  void close() {
    if (mailbox != null) {
      mailbox.close();
    }
  }
}
