package hob.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import hob.image.Vdso;
import hob.image.proto.TreeOutline;
import hob.linux.MapsEntry;
import hob.linux.ProcFs;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Programs that began under another kernel find the functions of its vdso where they were. All
 * hosts of these tests have one kernel: targets are told of a source's with other bytes, or the
 * program has the code of one with other addresses, as if it had come from there.
 */
class VdsoTest {
  private static final int AT_SYSINFO_EHDR = 33;
  private static final int BUILD_ID = 0x600;
  private static final String REAL = "[vdso]";

  private static final String PROGRAM =
      """
      import threading
      CALL = ctypes.CFUNCTYPE(ctypes.c_long, *[ctypes.c_void_p] * 5)
      SIZE = 8192
      def known():
        with open('/proc/self/auxv', 'rb') as f: auxv = f.read()
        return next(v for k, v in struct.iter_unpack('QQ', auxv) if k == 33)
      def table(code):
        at, = struct.unpack_from('Q', code, 32)
        for n in range(struct.unpack_from('H', code, 56)[0]):
          if struct.unpack_from('I', code, at + 56 * n)[0] == 2:
            dynamic, = struct.unpack_from('Q', code, at + 56 * n + 8)
        tags = {}
        while True:
          tag, value = struct.unpack_from('QQ', code, dynamic)
          if tag == 0: return tags[6], tags[5]
          tags[tag] = value
          dynamic += 16
      def functions(at):
        code = ctypes.string_at(at, SIZE)
        symbols, strings = table(code)
        found = {}
        for s in range(symbols, strings, 24):
          name, info, _, _, value, size = struct.unpack_from('IBBHQQ', code, s)
          if info & 15 == 2:
            name = code[strings + name:code.index(b'\\0', strings + name)].decode()
            found[name.replace('__vdso_', '')] = at + value
        return found
      def both(f, nr, name, *rest):
        a, b = ctypes.create_string_buffer(16), ctypes.create_string_buffer(16)
        assert CALL(f[name])(*(rest + (a,) + (None,) * (4 - len(rest)))) >= 0, name
        assert libc.syscall(nr, *(rest + (b, None, None))) >= 0, name
        return struct.unpack('qq', a.raw), struct.unpack('qq', b.raw)
      def works(f):
        for clock in (0, 1):
          a, b = both(f, 228, 'clock_gettime', clock)
          assert 0 <= (b[0] - a[0]) * 1e9 + b[1] - a[1] < 5e9, (a, b)
        a, b = both(f, 96, 'gettimeofday')
        assert 0 <= (b[0] - a[0]) * 1e6 + b[1] - a[1] < 5e6, (a, b)
        a, b = both(f, 229, 'clock_getres', 1)
        assert a == b
        assert abs(CALL(f['time'])(None, None, None, None, None) - time.time()) < 5
        cpu = ctypes.create_string_buffer(8)
        assert CALL(f['getcpu'])(cpu, None, None, None, None) == 0
        assert struct.unpack('i', cpu.raw[:4])[0] in os.sched_getaffinity(0)
        if 'getrandom' in f:
          some = ctypes.create_string_buffer(16)
          assert CALL(f['getrandom'])(some, 16, None, None, None) == 16 and any(some.raw)
      # A thread that is nearly always in clock_gettime, until a flag is set.
      loop = bytes.fromhex('5341544883ec184889fb4989f4bf010000004889e641ffd485c07505833b0074ec4883c418415c5bc3')
      page = mmap.mmap(-1, 4096, prot=7)
      page[:len(loop)] = loop
      flag = ctypes.create_string_buffer(4)
      result = []
      def spins(f):
        at = ctypes.addressof(ctypes.c_char.from_buffer(page))
        result.append(CALL(at)(flag, f['clock_gettime'], None, None, None) & 0xffffffff)
      def checked(f):
        works(f)
        with open('ready.new', 'w') as r: r.write(str(os.getpid()))
        os.rename('ready.new', 'ready')
        spinner = threading.Thread(target=spins, args=(f,))
        spinner.start()
        for n in range(1, 4):
          while not os.path.exists('asked-%d' % n) and not os.path.exists('go'): time.sleep(0.01)
          works(f)
          time.sleep(0)
          done(str(n))
        while not os.path.exists('go'): time.sleep(0.01)
        flag.raw = struct.pack('i', 1)
        spinner.join()
        assert result == [0], result
        works(f)
      """;

  private static final String SHIFTED =
      """
      at = known()
      real = functions(at)
      code = bytearray(ctypes.string_at(at, SIZE))
      symbols, strings = table(code)
      for s in range(symbols, strings, 24):
        _, info, _, _, value, _ = struct.unpack_from('IBBHQQ', code, s)
        if info & 15 == 2: struct.pack_into('Q', code, s + 8, value + BY)
      # The kernel's goes elsewhere, with its data.
      mine = []
      with open('/proc/self/maps') as f:
        for line in f:
          if '[v' in line and 'vsyscall' not in line:
            mine.append([int(n, 16) for n in line.split()[0].split('-')])
      total = mine[-1][1] - mine[0][0]
      libc.mmap.restype = libc.mremap.restype = ctypes.c_void_p
      pointer = ctypes.c_void_p
      to = libc.mmap(None, total, 0, 0x22, -1, 0)
      for start, end in mine:
        libc.mremap(pointer(start), end - start, end - start, 3, pointer(to + start - mine[0][0]))
      by = to - mine[0][0]
      assert libc.mmap(pointer(at), SIZE, 7, 0x32, -1, 0) == at
      for name, f in real.items():
        # libc remembers where it was: a jump to where it is.
        struct.pack_into('BB', code, f - at, 0xeb, BY - 2)
        struct.pack_into('<HIQ', code, f - at + BY, 0x25ff, 0, f + by)
      ctypes.memmove(at, bytes(code), SIZE)
      assert libc.mprotect(pointer(at), SIZE, 5) == 0
      assert functions(at)['time'] == real['time'] + BY
      checked(functions(at))
      """;

  @TempDir Path directory;

  /** Of the same length and use. */
  private static UnaryOperator<TreeOutline> otherByte(int at) {
    byte[] code = Vdso.code();
    code[at] ^= 0x55;
    return o -> o.toBuilder().setVdso(ByteString.copyFrom(code)).build();
  }

  private static List<MapsEntry> mappings(int pid, String name) {
    return ProcFs.maps(pid, false).stream().filter(e -> e.path().equals(name)).toList();
  }

  /** Whether what a program knows as the vdso is that of the kernel. */
  private static boolean real(int pid) {
    ByteBuffer auxv =
        ByteBuffer.wrap(ProcFs.read("/proc/" + pid + "/auxv")).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 0; at + 16 <= auxv.limit(); at += 16) {
      if (auxv.getLong(at) == AT_SYSINFO_EHDR) {
        return auxv.getLong(at + 8) == mappings(pid, REAL).getFirst().start();
      }
    }
    throw new AssertionError("no vdso");
  }

  private void does(int n) throws Exception {
    Files.writeString(directory.resolve("asked-" + n), "");
    Awaitility.await("its functions to work")
        .atMost(Duration.ofSeconds(20))
        .until(() -> Files.exists(directory.resolve("done-" + n)));
  }

  /** Moves a program h1, h2, h3, h1. */
  private void journey(String script, UnaryOperator<TreeOutline> told, boolean realAtHome)
      throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, PROGRAM + script);
        Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2", "h3")) {
      SessionId id = p.id();
      MapsEntry before = mappings(p.pid(), REAL).getFirst();
      hosts.told(told);
      hosts.move(id, "h1", "h2");
      int there = hosts.engine("h2").session(id, "h2").tree().getFirst();
      assertThat(real(there)).isFalse();
      assertThat(mappings(there, REAL)).hasSize(1);
      assertThat(mappings(there, REAL).getFirst().start()).isNotEqualTo(before.start());
      does(1);
      // From a host with the kernel that it is under now.
      hosts.told(o -> o);
      hosts.move(id, "h2", "h3");
      does(2);
      hosts.told(told);
      hosts.move(id, "h3", "h1");
      assertThat(real(p.pid())).isEqualTo(realAtHome);
      assertThat(mappings(p.pid(), REAL)).hasSize(1);
      if (realAtHome) {
        assertThat(mappings(p.pid(), REAL).getFirst().start()).isEqualTo(before.start());
      }
      does(3);
      p.check();
    }
  }

  @Test
  void functionsOfAnotherKernelLeadToThoseOfThisOne() throws Exception {
    journey("checked(functions(known()))\n", otherByte(BUILD_ID), false);
  }

  @Test
  void backUnderItsOwnKernelAProgramHasThatOnesCode() throws Exception {
    int behindTheCode = Vdso.code().length - 1;
    journey("checked(functions(known()))\n", otherByte(behindTheCode), true);
  }

  @Test
  void functionsAtOtherAddressesAreFoundAgain() throws Exception {
    journey("BY = 16\n" + SHIFTED, otherByte(Vdso.code().length - 1), false);
  }

  @Test
  void whatIsNoVdsoIsRefused() throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, "ready()\n");
        Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2")) {
      for (byte[] code : List.of(new byte[Vdso.code().length], new byte[] {0x7f, 'E', 'L', 'F'})) {
        hosts.told(o -> o.toBuilder().setVdso(ByteString.copyFrom(code)).build());
        assertThatThrownBy(() -> hosts.move(p.id(), "h1", "h2"))
            .hasMessageContaining("has no [vdso] like the source's");
      }
      p.check();
    }
  }
}
