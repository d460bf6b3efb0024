package hob.files.home;

import hob.files.frame.FileFrame;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.RawMemory;
import hob.linux.Sys;
import hob.linux.fuse.FuseLayout;
import hob.linux.fuse.FuseOpcode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * A guest's locks. Each owner abroad is an open file description here, whose locks the kernel holds
 * against everybody else's: {@code fcntl(2)}, "Open file description locks", and {@code flock(2)}.
 *
 * <p>Who waits for a lock is tried again now and then, and at once when the guest releases one: a
 * thread that slept in the kernel could not be interrupted. Only the guest's mutator.
 */
final class Locks {
  static final long RETRY_MILLIS = 5;

  private static final int F_OFD_GETLK = 36;
  private static final int F_OFD_SETLK = 37;
  private static final int F_RDLCK = 0;
  private static final int F_UNLCK = 2;
  private static final int LOCK_SH = 1;
  private static final int LOCK_EX = 2;
  private static final int LOCK_NB = 4;
  private static final int LOCK_UN = 8;
  private static final int SAFE = Fd.O_CLOEXEC | Fd.O_NONBLOCK | Fd.O_NOCTTY;

  /**
   * Who holds locks.
   *
   * @param flock of flock(2), which are apart from the others
   */
  private record Owner(Node node, long id, boolean flock) {}

  /** The description that holds them, and which process of the guest's host asked first. */
  private record Holder(Fd fd, int pid) {}

  /** A request for a lock. */
  private record Wanted(Owner owner, int pid, int type, long start, long end, long unique) {}

  private final Guest guest;
  private final Descriptors descriptors;
  private final Map<Owner, Holder> held = new HashMap<>();
  private final List<Wanted> waiting = new ArrayList<>();

  Locks(Guest guest, Descriptors descriptors) {
    this.guest = guest;
    this.descriptors = descriptors;
  }

  /** GETLK, SETLK, SETLKW. */
  int perform(Worker worker, Node node, Request request, int opcode) {
    long body = request.body();
    boolean flock = (RawMemory.i32(body + FuseLayout.LK_FLAGS) & FuseLayout.LK_FLOCK) != 0;
    Wanted wanted =
        new Wanted(
            new Owner(node, RawMemory.i64(body + FuseLayout.LK_OWNER), flock),
            RawMemory.i32(body + FuseLayout.LK_PID),
            RawMemory.i32(body + FuseLayout.LK_TYPE),
            RawMemory.i64(body + FuseLayout.LK_START),
            RawMemory.i64(body + FuseLayout.LK_END),
            request.unique());
    if (opcode == FuseOpcode.GETLK) {
      return test(worker, wanted);
    }
    if (request.again()) {
      waiting.removeIf(w -> Answers.plain(w.unique) == Answers.plain(wanted.unique));
    }
    int r = set(worker, wanted);
    if (wanted.type == F_UNLCK) {
      retry(worker);
    }
    if (opcode == FuseOpcode.SETLKW && (Errno.EAGAIN.is(r) || Errno.EACCES.is(r))) {
      waiting.add(wanted);
      guest.retryLocksSoon();
      return Operations.NO_REPLY;
    }
    return r;
  }

  private int test(Worker worker, Wanted wanted) {
    Fd fd = descriptor(worker, wanted);
    if (fd.number() < 0) {
      return fd.number();
    }
    long at = lock(worker, wanted);
    long r = fd.fcntl(F_OFD_GETLK, at);
    if (r < 0) {
      return (int) r;
    }
    long out = worker.out();
    long length = RawMemory.i64(at + 16);
    RawMemory.i64(out, RawMemory.i64(at + 8));
    RawMemory.i64(out + 8, length == 0 ? Long.MAX_VALUE : RawMemory.i64(at + 8) + length - 1);
    RawMemory.i32(out + 16, RawMemory.u16(at));
    // An open file description's lock, as all of foreign processes are here, has no pid.
    RawMemory.i32(out + 20, Math.max(0, RawMemory.i32(at + 24)));
    return FuseLayout.LK_OUT_BYTES;
  }

  private int set(Worker worker, Wanted wanted) {
    if (wanted.type == F_UNLCK && !held.containsKey(wanted.owner)) {
      return 0;
    }
    Fd fd = descriptor(worker, wanted);
    if (fd.number() < 0) {
      return fd.number();
    }
    if (wanted.owner.flock) {
      int operation = wanted.type == F_UNLCK ? LOCK_UN : wanted.type == F_RDLCK ? LOCK_SH : LOCK_EX;
      return Operations.result(Sys.call(Nr.FLOCK, fd.number(), operation | LOCK_NB));
    }
    int r = Operations.result(fd.fcntl(F_OFD_SETLK, lock(worker, wanted)));
    if (r == 0 && wanted.type == F_UNLCK && wanted.start == 0 && wanted.end == Long.MAX_VALUE) {
      release(wanted.owner);
    }
    return r;
  }

  private void release(Owner owner) {
    Holder holder = held.remove(owner);
    if (holder != null) {
      letGo(owner, holder);
      guest.unkeep(tag(owner, holder.pid));
    }
  }

  /** Gives back all that the description holds: closing it is not enough, as it is kept twice. */
  private static void letGo(Owner owner, Holder holder) {
    if (owner.flock) {
      Sys.call(Nr.FLOCK, holder.fd.number(), LOCK_UN);
    } else {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment all = arena.allocate(32, 8);
        all.set(ValueLayout.JAVA_SHORT, 0, (short) F_UNLCK);
        holder.fd.fcntl(F_OFD_SETLK, all.address());
      }
    }
    holder.fd.close();
  }

  private static Vault.Tag tag(Owner owner, int pid) {
    return new Vault.Tag(Vault.Kind.LOCK, owner.node.id, owner.id, owner.flock, pid);
  }

  /** Locks that an earlier program held for the guest. */
  void restore(Node node, Vault.Kept kept) {
    Vault.Tag tag = kept.tag();
    held.put(new Owner(node, tag.owner(), tag.more()), new Holder(kept.file(), tag.number()));
  }

  /** Writes a {@code struct flock}; its address. */
  private static long lock(Worker worker, Wanted wanted) {
    long at = worker.scratch();
    RawMemory.zero(at, 32);
    RawMemory.u16(at, wanted.type);
    RawMemory.i64(at + 8, wanted.start);
    RawMemory.i64(at + 16, wanted.end == Long.MAX_VALUE ? 0 : wanted.end - wanted.start + 1);
    return at;
  }

  /** The owner's descriptor; one of number {@code -errno} if it cannot be opened. */
  private Fd descriptor(Worker worker, Wanted wanted) {
    Owner owner = wanted.owner;
    Holder known = held.get(owner);
    if (known != null) {
      return known.fd;
    }
    int path = descriptors.openPath(worker, owner.node);
    if (path < 0) {
      return Fd.of(path);
    }
    try {
      if (!owner.node.isRegular() && !owner.node.isDirectory()) {
        return Fd.of(-Errno.EINVAL.number());
      }
      // The foreign kernel has seen how the file is open there.
      worker.identity().root();
      long name = Descriptors.procPath(worker, path);
      int access = owner.node.isDirectory() ? Fd.O_RDONLY : Fd.O_RDWR;
      long fd = Sys.call(Nr.OPENAT, Fd.AT_FDCWD, name, SAFE | access);
      if (fd < 0 && access == Fd.O_RDWR) {
        fd = Sys.call(Nr.OPENAT, Fd.AT_FDCWD, name, SAFE | Fd.O_RDONLY);
      }
      Fd made = Fd.of(fd);
      if (fd >= 0) {
        held.put(owner, new Holder(made, wanted.pid));
        guest.vault().put(tag(owner, wanted.pid), made.number());
      }
      return made;
    } finally {
      descriptors.release(owner.node);
    }
  }

  /** Tries again for all who wait; whether anybody still does. */
  boolean retry(Worker worker) {
    for (Iterator<Wanted> each = waiting.iterator(); each.hasNext(); ) {
      Wanted wanted = each.next();
      int r = set(worker, wanted);
      if (!Errno.EAGAIN.is(r) && !Errno.EACCES.is(r)) {
        each.remove();
        worker.reply(wanted.unique, wanted.owner.node.id, r);
      }
    }
    return !waiting.isEmpty();
  }

  /** The process that waits was interrupted: INTERRUPT. */
  void interrupt(Worker worker, long unique) {
    for (Iterator<Wanted> each = waiting.iterator(); each.hasNext(); ) {
      Wanted wanted = each.next();
      if (wanted.unique == unique) {
        each.remove();
        worker.reply(unique, wanted.owner.node.id, -Errno.EINTR.number());
      }
    }
  }

  /** All that are held, as an ATTACHED frame. */
  ByteBuffer list(int mount) {
    ByteBuffer frame =
        ByteBuffer.allocate(FileFrame.HEAD_BYTES + held.size() * FileFrame.LOCK_BYTES)
            .order(ByteOrder.LITTLE_ENDIAN);
    frame.put(FileFrame.KIND, (byte) FileFrame.ATTACHED);
    frame.putShort(FileFrame.MOUNT, (short) mount);
    frame.position(FileFrame.HEAD_BYTES);
    held.forEach((owner, holder) ->
        frame
            .putLong(owner.node.id)
            .putLong(owner.id)
            .putInt(holder.pid)
            .putInt(owner.flock ? FuseLayout.LK_FLOCK : 0));
    return frame.flip();
  }

  /** Nobody abroad has the file open any more. */
  void forget(Node node) {
    if (!held.isEmpty()) {
      held.keySet().stream().filter(o -> o.node == node).toList().forEach(this::release);
    }
  }

  /** Lets go of all. */
  void clear() {
    held.forEach(Locks::letGo);
    held.clear();
    waiting.clear();
  }
}
