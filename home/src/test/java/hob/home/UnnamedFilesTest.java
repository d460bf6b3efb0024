package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that no name leads to, as the program that has them open sees them. */
class UnnamedFilesTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void deletedFileKeepsContentsHolesOwnerTimesAndNames() throws Exception {
    survives(
        """
        fd = os.open('a', os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        os.pwrite(fd, b'begin', 0)
        os.ftruncate(fd, 1 << 30)
        data = os.urandom(300000)
        rw = os.open('a', os.O_RDWR)
        os.pwrite(rw, data, 512 << 20)
        os.link('a', 'b')
        second = os.open('b', os.O_RDONLY)
        os.lseek(second, 777, 0)
        os.fchown(fd, 12, 34)
        os.fchmod(fd, 0o4751)
        os.utime(fd, ns=(123456789, 987654321))
        os.unlink('a'); os.unlink('b')
        open('a', 'w').write('in the way')
        extent = os.lseek(rw, 1 << 20, os.SEEK_DATA), os.lseek(rw, 0, os.SEEK_HOLE)
        os.lseek(rw, 3, 0)
        os.unlink('a')
        ready()
        st = os.fstat(fd)
        assert st.st_ino == os.fstat(second).st_ino == os.fstat(rw).st_ino
        assert (st.st_uid, st.st_gid, st.st_mode & 0o7777, st.st_nlink) == (12, 34, 0o4751, 0), st
        assert (st.st_atime_ns, st.st_mtime_ns) == (123456789, 987654321), st
        assert st.st_size == 1 << 30
        assert os.pread(second, 5, 0) == b'begin' and os.pread(second, 300000, 512 << 20) == data
        assert (os.lseek(rw, 1 << 20, os.SEEK_DATA), os.lseek(rw, 0, os.SEEK_HOLE)) == extent
        assert st.st_blocks < 4096
        assert not os.path.exists('a') and not os.path.exists('b')
        """);
  }

  /** As long as nothing reads, copies or counts the holes, it takes no longer than a small one. */
  @Test
  void aTerabyteOfHolesIsMovedAsHoles() throws Exception {
    survives(
        """
        tera = 1 << 40
        gone = os.open('gone', os.O_RDWR | os.O_CREAT)
        os.unlink('gone')
        made = os.open('.', os.O_TMPFILE | os.O_RDWR)
        memory = os.memfd_create('giant')
        files = (gone, made, memory)
        def where(at): return (at * 7919 << 20) + at * 4096
        for fd in files:
          os.ftruncate(fd, tera)
          for at in range(100): os.pwrite(fd, b'%08d' % at, where(at))
          os.pwrite(fd, b'end', tera - 3)
        def extents(fd):
          found, at = [], 0
          while at < tera:
            at = os.lseek(fd, at, os.SEEK_DATA)
            hole = os.lseek(fd, at, os.SEEK_HOLE)
            found.append((at, hole))
            at = hole
          return found
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
        shared = libc.mmap(None, tera, 3, 1, memory, 0)
        before = [(extents(fd), os.fstat(fd).st_size) for fd in files]
        assert len(before[0][0]) == 101, before
        ready()
        for fd in files: assert os.fstat(fd).st_blocks < 101 * 16, os.fstat(fd)
        assert [(extents(fd), os.fstat(fd).st_size) for fd in files] == before
        for fd in files:
          for at in range(100): assert os.pread(fd, 8, where(at)) == b'%08d' % at
          assert os.pread(fd, 9, tera - 3) == b'end'
        assert ctypes.string_at(shared + tera - 3, 3) == b'end'
        """);
  }

  @Test
  void nameInTheWayIsLeftAlone() throws Exception {
    survives(
        """
        fd = os.open('a', os.O_RDWR | os.O_CREAT)
        os.write(fd, b'old')
        os.rename('a', 'c'); os.unlink('c')
        other = os.open('c', os.O_RDWR | os.O_CREAT)
        os.write(other, b'new')
        os.close(other)
        fd2 = os.open('gone', os.O_RDWR | os.O_CREAT); os.unlink('gone')
        os.close(fd)
        ready()
        assert open('c').read() == 'new'
        assert sorted(os.listdir('.'))[0] == 'c', os.listdir('.')
        """);
  }

  @Test
  void fileWithLinkElsewhereStaysThatFile() throws Exception {
    survives(
        """
        fd = os.open('a', os.O_RDWR | os.O_CREAT)
        os.write(fd, b'shared')
        os.link('a', 'kept')
        os.unlink('a')
        ready()
        assert os.fstat(fd).st_ino == os.stat('kept').st_ino and os.fstat(fd).st_nlink == 1
        assert [n for n in os.listdir('.') if n.startswith('.hob')] == []
        assert not os.path.exists('a')
        os.write(fd, b' still')
        assert open('kept').read() == 'shared still'
        """);
  }

  @Test
  void fileMadeWithoutNameCanStillBeGivenOne() throws Exception {
    survives(
        """
        fd = os.open('.', os.O_TMPFILE | os.O_RDWR, 0o640)
        os.write(fd, b'late')
        ready()
        assert libc.linkat(-100, b'/proc/self/fd/%d' % fd, -100, b'late', 0x400) == 0
        assert open('late').read() == 'late' and os.stat('late').st_mode & 0o777 == 0o640
        """);
  }

  @Test
  void deletedDirectoryIsStillWorkedIn() throws Exception {
    survives(
        """
        os.makedirs('x/y/z')
        os.chdir('x/y/z')
        fd = os.open('.', os.O_RDONLY)
        file = os.open('f', os.O_RDWR | os.O_CREAT)
        os.unlink('f')
        for d in ('x/y/z', 'x/y', 'x'): os.rmdir(home + '/' + d)
        ready()
        st, cwd = os.fstat(fd), os.stat('.')
        assert (st.st_dev, st.st_ino) == (cwd.st_dev, cwd.st_ino)
        assert os.readlink('/proc/self/cwd') == home + '/x/y/z (deleted)'
        assert link(file) == home + '/x/y/z/f (deleted)'
        assert not os.path.exists(home + '/x')
        """);
  }

  @Test
  void mappingsOfDeletedFileStayShared() throws Exception {
    survives(
        """
        fd = os.open('m', os.O_RDWR | os.O_CREAT)
        os.write(fd, b'x' * 16384)
        shared = mmap.mmap(fd, 16384)
        private = mmap.mmap(fd, 16384, flags=mmap.MAP_PRIVATE)
        private[0:3] = b'own'
        os.unlink('m')
        child = os.fork()
        if child == 0:
          while shared[0:1] == b'x': time.sleep(0.01)
          shared[1:4] = b'yes'
          os._exit(0)
        os.close(fd)
        ready()
        shared[0:1] = b'!'
        assert os.waitpid(child, 0)[1] == 0
        assert shared[0:5] == b'!yesx' and private[0:4] == b'ownx' and private[4096:4097] == b'x'
        """);
  }

  @Test
  void symbolicLinkStaysOpenAfterItsEnd() throws Exception {
    survives(
        """
        os.symlink('nowhere', 's')
        os.symlink('still', 't')
        gone = os.open('s', os.O_PATH | os.O_NOFOLLOW)
        there = os.open('t', os.O_PATH | os.O_NOFOLLOW)
        os.unlink('s')
        ready()
        assert os.readlink('', dir_fd=gone) == 'nowhere'
        assert os.readlink('', dir_fd=there) == 'still'
        """);
  }
}
