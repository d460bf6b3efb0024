package hob.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;

/**
 * {@code posix_spawn(3)}: children that the JDK's reaper knows nothing of, which would otherwise
 * eat ptrace stops. Signals are set to their defaults and unblocked, as the JVM ignores some.
 */
public final class PosixSpawn {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle SPAWN = handle("posix_spawn", 6);
  private static final MethodHandle ATTR_INIT = handle("posix_spawnattr_init", 1);
  private static final MethodHandle ATTR_FLAGS =
      LINKER.downcallHandle(
          LINKER.defaultLookup().findOrThrow("posix_spawnattr_setflags"),
          FunctionDescriptor.of(
              ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_SHORT));
  private static final MethodHandle ATTR_DEFAULT = handle("posix_spawnattr_setsigdefault", 2);
  private static final MethodHandle ATTR_MASK = handle("posix_spawnattr_setsigmask", 2);
  private static final int SETSIGDEF = 4;
  private static final int SETSIGMASK = 8;
  private static final int SETSID = 0x80;

  private PosixSpawn() {}

  private static MethodHandle handle(String name, int pointers) {
    ValueLayout[] arguments = new ValueLayout[pointers];
    java.util.Arrays.fill(arguments, ValueLayout.JAVA_LONG);
    return LINKER.downcallHandle(
        LINKER.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
  }

  /**
   * Starts {@code path} in a session of its own.
   *
   * @param path of the program, not searched for
   * @return the child's pid; the caller waits for it
   */
  public static int spawn(String path, List<String> argv, List<String> environment) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment attr = arena.allocate(512, 16);
      MemorySegment full = arena.allocate(128, 16).fill((byte) -1);
      MemorySegment none = arena.allocate(128, 16).fill((byte) 0);
      MemorySegment pid = arena.allocate(8, 8);
      check("posix_spawnattr_init", (int) ATTR_INIT.invokeExact(attr.address()));
      check(
          "posix_spawnattr_setflags",
          (int) ATTR_FLAGS.invokeExact(attr.address(), (short) (SETSIGDEF | SETSIGMASK | SETSID)));
      check(
          "posix_spawnattr_setsigdefault",
          (int) ATTR_DEFAULT.invokeExact(attr.address(), full.address()));
      check(
          "posix_spawnattr_setsigmask",
          (int) ATTR_MASK.invokeExact(attr.address(), none.address()));
      int r =
          (int)
              SPAWN.invokeExact(
                  pid.address(),
                  arena.allocateFrom(path).address(),
                  0L,
                  attr.address(),
                  vector(arena, argv),
                  vector(arena, environment));
      check("posix_spawn " + path, r);
      return pid.get(Scratch.INT, 0);
    } catch (LinuxException e) {
      throw e;
    } catch (Throwable t) {
      throw new AssertionError("posix_spawn", t);
    }
  }

  private static void check(String what, int error) {
    if (error != 0) {
      throw new LinuxException(what, Errno.of(error));
    }
  }

  private static long vector(Arena arena, List<String> strings) {
    MemorySegment v = arena.allocate(8L * (strings.size() + 1), 8);
    for (int i = 0; i < strings.size(); i++) {
      v.set(Scratch.LONG, 8L * i, arena.allocateFrom(strings.get(i)).address());
    }
    return v.address();
  }
}
