package hob.home;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory that is a file, and mappings with a will of their own. */
class MemoryFilesTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void memfdKeepsContentsSealsAndSharing() throws Exception {
    survives(
        """
        fd = os.memfd_create('box', os.MFD_ALLOW_SEALING)
        data = os.urandom(1 << 20)
        os.ftruncate(fd, 64 << 20)
        os.pwrite(fd, data, 8 << 20)
        os.fchmod(fd, 0o640)
        shared = mmap.mmap(fd, 64 << 20)
        fcntl.fcntl(fd, 1033, 1 << 4 | 1 << 1)
        sealed = os.memfd_create('shut', os.MFD_ALLOW_SEALING)
        os.write(sealed, b'sealed')
        fcntl.fcntl(sealed, 1033, 0xf)
        plain = os.memfd_create('plain')
        again = os.open('/proc/self/fd/%d' % fd, os.O_RDONLY)
        ready()
        assert fcntl.fcntl(fd, 1034) == 1 << 4 | 1 << 1 and fcntl.fcntl(sealed, 1034) == 0xf
        assert fcntl.fcntl(plain, 1034) == 1
        assert os.pread(fd, 1 << 20, 8 << 20) == data and os.pread(sealed, 9, 0) == b'sealed'
        assert os.fstat(fd).st_mode & 0o777 == 0o640 and os.fstat(fd).st_blocks < 8192
        shared[0:4] = b'seen'
        assert os.pread(again, 4, 0) == b'seen'
        """);
  }

  @Test
  void sharedAnonymousMemoryAlsoAsFile() throws Exception {
    survives(
        """
        m = mmap.mmap(-1, 1 << 16)
        m[0:5] = b'hello'
        a = ctypes.addressof(ctypes.c_char.from_buffer(m))
        fd = os.open('/proc/self/map_files/%x-%x' % (a, a + (1 << 16)), os.O_RDWR)
        private = mmap.mmap(fd, 1 << 16, flags=mmap.MAP_PRIVATE)
        private[8:11] = b'own'
        ready()
        m[0:1] = b'j'
        assert os.pread(fd, 5, 0) == b'jello' and private[8:11] == b'own'
        """);
  }

  @Test
  void guardLockedNamedAndDroppableMappings() throws Exception {
    survives(
        """
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
        def memory(kind): return libc.mmap(None, 1 << 16, 3, kind, -1, 0)
        def p(a): return ctypes.c_void_p(a)
        n = ctypes.c_size_t
        guarded, locked, named, droppable = [memory(k) for k in (0x22, 0x22, 0x22, 0x28)]
        for a in (guarded, locked, named, droppable): ctypes.memset(a, 65, 1 << 16)
        assert libc.madvise(p(guarded + 8192), n(4096), 102) == 0
        assert libc.mlock(p(locked), n(8192)) == 0
        assert libc.mlock2(p(locked + 16384), n(8192), 1) == 0
        libc.prctl(0x53564d41, n(0), p(named), n(1 << 16), b'label')  # where the kernel has names
        named_in_maps = '[anon:label]' in open('/proc/self/maps').read()
        def flags(a):
          inside = False
          for l in open('/proc/self/smaps'):
            head = l.split()[0].split('-')
            if len(head) == 2: inside = int(head[0], 16) <= a < int(head[1], 16)
            elif inside and l.startswith('VmFlags:'): return l.replace(' sd', '')
        before = [flags(a) for a in (guarded, locked, locked + 16384, named, droppable)]
        ready()
        assert [flags(a) for a in (guarded, locked, locked + 16384, named, droppable)] == before
        assert ('[anon:label]' in open('/proc/self/maps').read()) == named_in_maps
        for a in (guarded, locked, named, droppable): assert ctypes.string_at(a, 1) == b'A'
        child = os.fork()
        if child == 0:
          ctypes.string_at(guarded + 8192, 1)
          os._exit(0)
        assert os.waitpid(child, 0)[1] & 0x7f == 11
        """);
  }

  @Test
  void hugeMemoryFileIsRefused() throws Exception {
    String script = "fd = os.memfd_create('huge', os.MFD_HUGETLB)\nready()\n";
    try (MovedProgram p = MovedProgram.start(directory, script)) {
      assertThatThrownBy(p::moveAround)
          .isInstanceOf(MoveRefusedException.class)
          .hasMessageContaining("memory file of huge pages");
      p.check();
    }
  }
}
