package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.IpcMessage;
import hob.image.proto.IpcObject;
import hob.image.proto.IpcQueue;
import hob.image.proto.IpcSegment;
import hob.image.proto.IpcSemaphores;
import hob.image.proto.SystemVIpc;
import hob.linux.Fd;
import hob.linux.IpcNamespace;
import hob.linux.SystemV;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The System V objects of a tree that stands still. Tracer's thread. */
final class SystemVTaken implements AutoCloseable {
  private static final long PAGE = 4096;

  private final Collection tree;
  private final SystemVIpc.Builder image = SystemVIpc.newBuilder();
  private final Map<Integer, Integer> segments = new HashMap<>();
  private final List<Fd> open = new ArrayList<>();

  SystemVTaken(Collection tree) {
    this.tree = tree;
  }

  /** Takes all, once every process of the tree is known. */
  void take() {
    List<ProcessFacts> facts = tree.holders().stream().map(FrozenProcess::facts).toList();
    boolean uses =
        tree.usesIpc()
            || facts.stream().flatMap(p -> p.maps().stream()).anyMatch(SystemVUse::isSegment);
    if (!uses || facts.isEmpty()) {
      return;
    }
    int pid = facts.getFirst().pid();
    boolean home = IpcNamespace.isOwn(pid);
    IpcNamespace.in(
        pid,
        () -> {
          SystemVUse.of(facts, home).forEach(this::take);
          return this;
        });
  }

  private void take(SystemV.Entry e) {
    IpcObject object =
        IpcObject.newBuilder()
            .setId(e.id())
            .setKey(e.key())
            .setUid(e.uid())
            .setGid(e.gid())
            .setCuid(e.cuid())
            .setCgid(e.cgid())
            .setMode(e.mode() & 0777)
            .build();
    switch (e.kind()) {
      case SHM -> {
        Fd file = contents(e.id(), e.size());
        open.add(file);
        segments.put(e.id(), image.getSegmentsCount());
        image.addSegments(
            IpcSegment.newBuilder()
                .setObject(object)
                .setSize(e.size())
                .setRemoved((e.mode() & SystemV.SHM_DEST) != 0)
                .setLocked((e.mode() & SystemV.SHM_LOCKED) != 0)
                .setSharedMemory(tree.sharedMemory("System V " + e.id(), file)));
      }
      case SEM -> {
        IpcSemaphores.Builder b = IpcSemaphores.newBuilder().setObject(object);
        for (int value : SystemV.values(e.id(), (int) e.size())) {
          b.addValues(value);
        }
        image.addSemaphores(b);
      }
      case MSG -> {
        IpcQueue.Builder b =
            IpcQueue.newBuilder().setObject(object).setCapacity(SystemV.capacity(e.id()));
        for (int i = 0; i < e.attached(); i++) {
          ByteString all = ByteString.copyFrom(SystemV.message(e.id(), i));
          long type = Bytes.of(all.substring(0, 8).toByteArray()).getLong(0);
          b.addMessages(IpcMessage.newBuilder().setType(type).setText(all.substring(8)));
        }
        image.addQueues(b);
      }
    }
  }

  /** Opens what a segment holds, as a file; in its namespace. */
  static Fd contents(int id, long size) {
    long at = SystemV.attach(id);
    try {
      long end = at + (size + PAGE - 1 & -PAGE);
      String range = Long.toHexString(at) + "-" + Long.toHexString(end);
      return Fd.open("/proc/self/map_files/" + range, Fd.O_RDWR);
    } finally {
      SystemV.detach(at);
    }
  }

  /** Index of an attached segment. */
  int segment(int id) {
    Integer index = segments.get(id);
    if (index == null) {
      throw new IllegalStateException("no System V shared memory " + id);
    }
    return index;
  }

  SystemVIpc image() {
    return image.build();
  }

  /** What was taken. */
  Set<SystemV.Id> ids() {
    return ids(image());
  }

  /** What an image has. */
  static Set<SystemV.Id> ids(SystemVIpc image) {
    Set<SystemV.Id> ids = new LinkedHashSet<>();
    add(ids, SystemV.Kind.SHM, image.getSegmentsList().stream().map(IpcSegment::getObject));
    add(ids, SystemV.Kind.SEM, image.getSemaphoresList().stream().map(IpcSemaphores::getObject));
    add(ids, SystemV.Kind.MSG, image.getQueuesList().stream().map(IpcQueue::getObject));
    return ids;
  }

  private static void add(Set<SystemV.Id> ids, SystemV.Kind kind, Stream<IpcObject> objects) {
    objects.forEach(o -> ids.add(new SystemV.Id(kind, o.getId())));
  }

  @Override
  public void close() {
    Fd.closeAll(open);
  }
}
