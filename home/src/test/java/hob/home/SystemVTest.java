package hob.home;

import static org.assertj.core.api.Assertions.assertThat;

import hob.image.Refusal;
import hob.linux.SystemV;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** System V shared memory, semaphores and message queues of a tree. */
class SystemVTest {
  private static final String CALLS =
      """
      libc.shmat.restype = ctypes.c_void_p
      libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
      libc.shmdt.argtypes = [ctypes.c_void_p]
      libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
      libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
      def checked(r):
        if r in (-1, 2**64 - 1): raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return r
      def ipc(kind, id):
        for line in open('/proc/sysvipc/' + kind).read().split('\\n')[1:]:
          f = line.split()
          if f and int(f[1]) == id: return f
      """;

  @TempDir Path directory;

  private List<SystemV.Entry> before = List.of();

  private static List<SystemV.Entry> all() {
    return Arrays.stream(SystemV.Kind.values()).flatMap(k -> SystemV.all(k).stream()).toList();
  }

  private Stream<SystemV.Entry> fresh() {
    return all().stream().filter(e -> before.stream().noneMatch(b -> same(b, e)));
  }

  private static boolean same(SystemV.Entry a, SystemV.Entry b) {
    return a.kind() == b.kind() && a.id() == b.id();
  }

  @BeforeEach
  void look() {
    before = all();
  }

  @AfterEach
  void clean() {
    fresh().forEach(e -> SystemV.remove(e.kind(), e.id()));
  }

  @Test
  void sharedMemoryStaysAttachedWhereItIs() throws Exception {
    MovedProgram.survives(
        directory,
        CALLS
            + """
            key = 0x40000000 | os.getpid()
            size = 5 * 4096 + 100
            shared = checked(libc.shmget(key, size, 0o1640))
            alone = checked(libc.shmget(0, 4096, 0o1600))
            removed = checked(libc.shmget(0, 8192, 0o1600))
            a = checked(libc.shmat(shared, None, 0))
            r = checked(libc.shmat(shared, None, 0o10000))
            x = checked(libc.shmat(removed, None, 0))
            checked(libc.shmctl(removed, 0, None))
            d = checked(libc.shmat(alone, None, 0))
            ctypes.memmove(d, b'alone', 5)
            checked(libc.shmdt(d))
            ctypes.memmove(x, b'removed', 7)
            for page in (0, 1, 3, 5): ctypes.memmove(a + page * 4096, b'page %d' % page, 6)
            checked(libc.mprotect(a + 4096, 4096, 1))
            checked(libc.munmap(r + 2 * 4096, 4096))
            child = os.fork()
            if child == 0:
              while ctypes.string_at(a + 100, 2) != b'go': time.sleep(0.01)
              ctypes.memmove(a + 200, b'gone', 4)
              os._exit(0)
            def view():
              keep = [0, 1, 2, 3, 6, 7, 8, 9, 10]
              return [[ipc('shm', i)[k] for k in keep] for i in (shared, alone, removed)]
            before = view()
            assert before[0][4] == '10' and before[2][4] == '2', before
            ready()
            assert view() == before, (before, view())
            assert libc.shmget(key, size, 0) == shared
            for page in (0, 1, 3, 5):
              assert ctypes.string_at(a + page * 4096, 6) == b'page %d' % page
            assert ctypes.string_at(r, 6) == b'page 0' and ctypes.string_at(a + 4 * 4096, 1) == b'\\0'
            assert ctypes.string_at(x, 7) == b'removed'
            d = checked(libc.shmat(alone, None, 0))
            assert ctypes.string_at(d, 5) == b'alone'
            ctypes.memmove(a + 100, b'go', 2)
            os.waitpid(child, 0)
            assert ctypes.string_at(r + 200, 4) == b'gone'
            for at in (a, r, x, d): checked(libc.shmdt(at))
            assert ipc('shm', removed) is None and ipc('shm', shared)[6] == '0'
            for i in (shared, alone): checked(libc.shmctl(i, 0, None))
            """);
    assertThat(fresh()).isEmpty();
  }

  @Test
  void semaphoresKeepTheirValues() throws Exception {
    MovedProgram.survives(
        directory,
        CALLS
            + """
            key = 0x40000000 | os.getpid()
            set = checked(libc.semget(key, 3, 0o1606))
            for n, v in enumerate((5, 0, 32767)): checked(libc.semctl(set, n, 16, v))
            keep = [0, 1, 2, 3, 4, 5, 6, 7]
            before = [ipc('sem', set)[k] for k in keep]
            ready()
            assert [ipc('sem', set)[k] for k in keep] == before
            assert [libc.semctl(set, n, 12, 0) for n in range(3)] == [5, 0, 32767]
            assert libc.semget(key, 3, 0) == set
            down = struct.pack('Hhh', 0, -5, 0o4000)
            checked(libc.semop(set, down, 1))
            assert libc.semop(set, down, 1) == -1
            checked(libc.semctl(set, 0, 0, 0))
            """);
    assertThat(fresh()).isEmpty();
  }

  @Test
  void queuesKeepTheirMessages() throws Exception {
    MovedProgram.survives(
        directory,
        CALLS
            + """
            key = 0x40000000 | os.getpid()
            queue = checked(libc.msgget(key, 0o1600))
            for n in range(20):
              checked(libc.msgsnd(queue, struct.pack('q', 1 + n % 3) + b'%03d' % n * n, 3 * n, 0))
            keep = [0, 1, 2, 3, 4, 7, 8, 9, 10]
            before = [ipc('msg', queue)[k] for k in keep]
            child = os.fork()
            if child == 0:
              b = ctypes.create_string_buffer(100)
              assert libc.msgrcv(queue, b, 92, 99, 0) == 4, 'failed'
              os._exit(7)
            time.sleep(0.1)
            ready()
            assert [ipc('msg', queue)[k] for k in keep] == before
            b = ctypes.create_string_buffer(100)
            for n in (2, 5, 8, 11, 14, 17):
              assert checked(libc.msgrcv(queue, b, 92, 3, 0o4000)) == 3 * n
              assert b.raw[8:8 + 3 * n] == b'%03d' % n * n
            for n in range(20):
              if n % 3 != 2: assert checked(libc.msgrcv(queue, b, 92, 0, 0o4000)) == 3 * n
            checked(libc.msgsnd(queue, struct.pack('q', 99) + b'last', 4, 0))
            assert os.waitpid(child, 0)[1] == 7 << 8
            checked(libc.msgctl(queue, 0, None))
            """);
    assertThat(fresh()).isEmpty();
  }

  @Test
  void whatIsRemovedAbroadIsRemovedAtHome() throws Exception {
    try (MovedProgram p =
            MovedProgram.start(
                directory,
                CALLS
                    + """
                    segment = checked(libc.shmget(0, 4096, 0o1600))
                    at = checked(libc.shmat(segment, None, 0))
                    set = checked(libc.semget(0, 1, 0o1600))
                    checked(libc.semctl(set, 0, 16, 1))
                    import threading
                    def away():
                      asked('remove')
                      checked(libc.shmdt(at))
                      checked(libc.shmctl(segment, 0, None))
                      checked(libc.semctl(set, 0, 0, 0))
                      done('remove')
                    threading.Thread(target=away).start()
                    ready()
                    assert ipc('shm', segment) is None and ipc('sem', set) is None
                    """);
        MovedProgram.Trip trip = p.trip()) {
      trip.to("h2");
      assertThat(fresh()).hasSize(2);
      trip.does("remove");
      trip.to("h1");
      p.check();
      assertThat(fresh()).isEmpty();
    }
  }

  @Test
  void whatOthersUseTooPinsTheTree() throws Exception {
    try (MovedProgram p =
            MovedProgram.start(
                Files.createDirectory(directory.resolve("program")),
                CALLS
                    + """
                    segment = checked(libc.shmget(0, 4096, 0o1600))
                    checked(libc.shmat(segment, None, 0))
                    set = checked(libc.semget(0, 2, 0o1600))
                    checked(libc.semctl(set, 0, 16, 1))
                    middle = os.fork()
                    if middle == 0:
                      if os.fork() == 0:
                        os.setsid()
                        checked(libc.semctl(set, 1, 16, 1))
                        while os.getppid() == middle: time.sleep(0.01)
                        time.sleep(30)
                      os._exit(0)
                    os.waitpid(middle, 0)
                    time.sleep(0.3)
                    ready()
                    """);
        Hosts hosts = new Hosts(directory.resolve("state"), "h1")) {
      assertThat(hosts.engine("h1").check(p.pid()))
          .extracting(Refusal::sentence)
          .anyMatch(s -> s.contains("that others have attached too"))
          .anyMatch(
              s -> s.matches(".*uses System V semaphores \\d+, as does process \\d+, which stays"));
    }
  }
}
