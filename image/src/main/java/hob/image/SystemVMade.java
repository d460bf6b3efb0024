package hob.image;

import hob.image.proto.IpcMessage;
import hob.image.proto.IpcObject;
import hob.image.proto.IpcQueue;
import hob.image.proto.IpcSegment;
import hob.image.proto.IpcSemaphores;
import hob.image.proto.SystemVIpc;
import hob.linux.Fd;
import hob.linux.IpcNamespace;
import hob.linux.Nr;
import hob.linux.Sys;
import hob.linux.SystemV;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The System V objects of an image made again under their ids. At home those that the tree left
 * behind are there still: shared memory is filled anew, as shadows have it attached; the rest gives
 * way to new objects with the same id. Tracer's thread.
 */
final class SystemVMade {
  private static final int PUNCH_HOLE_KEEP_SIZE = 3;

  private final SystemVIpc image;
  private final Set<SystemV.Id> kept;
  private final Set<SystemV.Id> fresh = new LinkedHashSet<>();
  private @Nullable Vessel inside;

  SystemVMade(SystemVIpc image, Set<SystemV.Id> kept) {
    this.image = image;
    this.kept = kept;
  }

  /**
   * Makes all.
   *
   * @param vessel that is in the namespace
   * @param shared gets the files with the contents of shared memory, by index
   */
  void make(Vessel vessel, Map<Integer, Fd> shared) {
    inside = vessel;
    for (IpcSegment s : image.getSegmentsList()) {
      shared.put(s.getSharedMemory(), segment(s));
    }
    for (IpcSemaphores s : image.getSemaphoresList()) {
      IpcObject o = s.getObject();
      make(SystemV.Kind.SEM, o, s.getValuesCount());
      inNamespace(() -> {
        SystemV.setValues(o.getId(), s.getValuesList());
        SystemV.own(SystemV.Kind.SEM, o.getId(), o.getUid(), o.getGid(), o.getMode());
        return o;
      });
    }
    for (IpcQueue q : image.getQueuesList()) {
      IpcObject o = q.getObject();
      make(SystemV.Kind.MSG, o, 0);
      inNamespace(() -> {
        fill(q);
        SystemV.own(SystemV.Kind.MSG, o.getId(), o.getUid(), o.getGid(), o.getMode());
        return o;
      });
    }
  }

  private <T> T inNamespace(Supplier<T> work) {
    return IpcNamespace.in(Objects.requireNonNull(inside).tid(), work);
  }

  private Fd segment(IpcSegment s) {
    IpcObject o = s.getObject();
    SystemV.Id id = new SystemV.Id(SystemV.Kind.SHM, o.getId());
    boolean there = kept.contains(id) && inNamespace(() -> isThere(id));
    if (!there) {
      make(SystemV.Kind.SHM, o, s.getSize());
    }
    Fd file =
        inNamespace(() -> {
          Fd contents = SystemVTaken.contents(o.getId(), s.getSize());
          SystemV.own(SystemV.Kind.SHM, o.getId(), o.getUid(), o.getGid(), o.getMode());
          return contents;
        });
    if (there) {
      long r = Sys.call(Nr.FALLOCATE, file.number(), PUNCH_HOLE_KEEP_SIZE, 0, s.getSize());
      Sys.check(r, "fallocate", "FALLOC_FL_PUNCH_HOLE", s.getSize());
    }
    return file;
  }

  private static boolean isThere(SystemV.Id id) {
    return SystemV.all(id.kind()).stream().anyMatch(e -> e.id() == id.id());
  }

  private void make(SystemV.Kind kind, IpcObject o, long size) {
    SystemV.Id id = new SystemV.Id(kind, o.getId());
    int made =
        inNamespace(() -> {
          if (kept.contains(id)) {
            SystemV.remove(kind, o.getId());
          }
          int n =
              SystemV.make(
                  kind, o.getId(), o.getKey(), size, o.getMode(), o.getCuid(), o.getCgid());
          if (n >= 0 && n != o.getId()) {
            SystemV.remove(kind, n);
          }
          return n;
        });
    if (made != o.getId()) {
      throw new Collection.Refused(
          new Refusal(
              0,
              "sysv-ipc",
              "another program has System V object "
                  + o.getId()
                  + " (key 0x"
                  + Integer.toHexString(o.getKey())
                  + ") of its kind ("
                  + kind
                  + ") on the target"));
    }
    fresh.add(id);
  }

  private static void fill(IpcQueue q) {
    int id = q.getObject().getId();
    if (q.getCapacity() > SystemV.capacity(id)) {
      SystemV.setCapacity(id, q.getCapacity());
    }
    for (IpcMessage m : q.getMessagesList()) {
      var message = Bytes.of(8 + m.getText().size());
      message.putLong(0, m.getType());
      message.put(8, m.getText().toByteArray());
      SystemV.send(id, message.array());
    }
    if (q.getCapacity() != SystemV.capacity(id)) {
      SystemV.setCapacity(id, q.getCapacity());
    }
  }

  /** A segment of the image. */
  IpcSegment segment(int index) {
    return image.getSegments(index);
  }

  /** All processes have attached theirs. */
  void finish() {
    if (image.getSegmentsList().stream().anyMatch(s -> s.getLocked() || s.getRemoved())) {
      inNamespace(() -> {
        for (IpcSegment s : image.getSegmentsList()) {
          if (s.getLocked()) {
            SystemV.lock(s.getObject().getId());
          }
          if (s.getRemoved()) {
            SystemV.remove(SystemV.Kind.SHM, s.getObject().getId());
          }
        }
        return image;
      });
    }
  }

  /** The tree runs here: what it removed while it was away goes. */
  void commit() {
    Set<SystemV.Id> gone = new LinkedHashSet<>(kept);
    gone.removeAll(SystemVTaken.ids(image));
    if (!gone.isEmpty()) {
      inNamespace(() -> {
        gone.forEach(id -> SystemV.remove(id.kind(), id.id()));
        return gone;
      });
    }
  }

  /** The tree does not run here: nothing of it is left in a namespace that others use. */
  void discard() {
    if (inside != null && IpcNamespace.isOwn(inside.tid())) {
      Set<SystemV.Id> mine = new LinkedHashSet<>(fresh);
      mine.removeAll(kept);
      inNamespace(() -> {
        mine.forEach(id -> SystemV.remove(id.kind(), id.id()));
        return mine;
      });
    }
  }
}
