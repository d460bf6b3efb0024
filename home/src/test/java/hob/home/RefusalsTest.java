package hob.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hob.image.Capture;
import hob.image.Refusal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What pins a process is named before anything stops: docs/refusals.md has a row for each. */
class RefusalsTest {
  @TempDir Path directory;

  private List<Refusal> reasons(String script) throws Exception {
    Path own = Files.createTempDirectory(directory, "program");
    try (MovedProgram p = MovedProgram.start(own, script + "\nready()\n")) {
      return check(p.pid());
    }
  }

  private List<Refusal> check(int pid) throws Exception {
    try (Hosts hosts = new Hosts(directory.resolve("state"), "h1")) {
      return hosts.engine("h1").check(pid);
    }
  }

  private void refused(String script, String kind, String sentence) throws Exception {
    assertThat(reasons(script))
        .anySatisfy(r -> {
          assertThat(r.kind()).isEqualTo(kind);
          assertThat(r.sentence()).contains(sentence);
        });
  }

  @Test
  void allReasonsAreTold() throws Exception {
    List<Refusal> all =
        reasons(
            """
            import socket
            libc.unshare(0x04000000)
            a, b = socket.socketpair()
            listener = socket.create_server(('127.0.0.1', 0))
            tcp = socket.create_connection(listener.getsockname())
            other, _ = listener.accept()
            r, w = os.pipe2(os.O_DIRECT)
            started, ping = os.pipe()
            stays = os.fork()
            if stays == 0:
              if os.fork() == 0:
                os.setsid()
                os.write(ping, struct.pack('i', os.getpid()))
                while os.getppid() != 1: time.sleep(0.01)
                os.write(ping, b'free')
                time.sleep(30)
              os._exit(0)
            os.waitpid(stays, 0)
            away = struct.unpack('i', os.read(started, 4))[0]
            assert os.read(started, 4) == b'free'
            for fd in (b.fileno(), other.fileno(), listener.fileno(), r, started, ping): os.close(fd)
            pidfd = os.pidfd_open(away)
            device = os.open('/dev/kmsg', os.O_RDONLY)
            import atexit, signal
            """);
    assertThat(all.stream().map(Refusal::sentence))
        .anyMatch(s -> s.contains("has a uts namespace of its own"))
        .anyMatch(s -> s.contains("is a unix socket whose other end is outside of the tree"))
        .anyMatch(s -> s.contains("is a TCP connection with a process outside of the tree"))
        .anyMatch(s -> s.contains("is a pipe in packet mode whose other end stays"))
        .anyMatch(s -> s.contains("is a pidfd of process"))
        .anyMatch(s -> s.contains("is a device (/dev/kmsg)"));
  }

  @Test
  void kernelObjectsWithoutWayBack() throws Exception {
    refused(
        "ring = libc.syscall(425, 8, ctypes.create_string_buffer(120))\nassert ring >= 0",
        "io_uring",
        "is an io_uring");
    refused(
        "aio = ctypes.create_string_buffer(8)\nassert libc.syscall(206, 8, aio) == 0",
        "aio",
        "has an AIO context");
    refused("fd = libc.fanotify_init(0, 0)", "fanotify", "cannot move yet");
    refused(
        """
        queue = libc.syscall(240, b'hob%d' % os.getpid(), 0o102, 0o600, None)
        assert queue >= 0
        libc.syscall(241, b'hob%d' % os.getpid())
        """,
        "file", "is a POSIX message queue");
    refused(
        """
        secret = libc.syscall(447, 0)
        assert secret >= 0
        os.ftruncate(secret, 4096)
        kept = mmap.mmap(secret, 4096)
        os.close(secret)
        """,
        "mapped-file",
        "is secret memory");
    refused("fd = libc.syscall(323, 1)\nassert fd >= 0", "userfaultfd", "cannot move yet");
  }

  @Test
  void moreSharedMemoriesThanDescriptors() throws Exception {
    refused(
        "all = [mmap.mmap(-1, 4096) for n in range(4097)]",
        "shared-memory",
        "has 4097 pieces of shared memory; at most 4096 can move");
  }

  @Test
  void refusedMovesLeaveNothingOpen() throws Exception {
    String script =
        """
        gone = [os.open('gone%d' % n, os.O_RDWR | os.O_CREAT) for n in range(50)]
        for n in range(50): os.unlink('gone%d' % n)
        boxes = [os.memfd_create('box') for n in range(50)]
        libc.syscall(250, 0, -2, 1)  # its process keyring: seen when it stands still
        ready()
        """;
    try (MovedProgram p = MovedProgram.start(directory, script);
        Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2")) {
      int before = 0;
      for (int round = 0; round < 4; round++) {
        assertThatThrownBy(() -> hosts.move(p.id(), "h1", "h2"))
            .hasMessageContaining("has a process keyring");
        int open = hob.linux.ProcFs.numbers("/proc/self/fd").length;
        assertThat(open).isLessThan(round == 0 ? Integer.MAX_VALUE : before + 20);
        before = round == 0 ? open : before;
      }
    }
  }

  @Test
  void leasesOnWhatIsMappedToo() throws Exception {
    refused(
        """
        open('l', 'w').write('x' * 4096)
        fd = os.open('l', os.O_RDONLY)
        m = mmap.mmap(fd, 4096, prot=mmap.PROT_READ)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        """,
        "file",
        "has a lease on a file that is mapped too");
  }

  @Test
  void parentThatWaitsForItsVforkChild() throws Exception {
    try (MovedProgram p =
        MovedProgram.start(
            directory,
            """
            import threading, subprocess
            os.mkfifo('never')
            def later():
              time.sleep(0.2)
              with open(home + '/ready.new', 'w') as f: f.write(str(os.getpid()))
              os.rename(home + '/ready.new', home + '/ready')
            code = bytes.fromhex('5fb83a0000000f05574885c07507b8220000000f05c3')
            page = mmap.mmap(-1, 4096, prot=7)
            page[:len(code)] = code
            at = ctypes.addressof(ctypes.c_char.from_buffer(page))
            helper = os.fork()
            if helper == 0:
              ctypes.CFUNCTYPE(ctypes.c_long)(at)()
              os._exit(0)
            later()
            time.sleep(30)
            """)) {
      assertThat(check(p.pid()))
          .anySatisfy(r -> {
            assertThat(r.kind()).isEqualTo("vfork");
            assertThat(r.sentence()).contains("waits for its vfork child");
          });
    }
  }

  @Test
  void memoryThatAProcessOutsideMapsToo() throws Exception {
    refused(
        """
        m = mmap.mmap(-1, 8192)
        middle = os.fork()
        if middle == 0:
          if os.fork() == 0:
            os.setsid()
            while os.getppid() == middle: time.sleep(0.01)
            time.sleep(30)
          os._exit(0)
        os.waitpid(middle, 0)
        """,
        "shared-memory",
        "which stays");
  }

  @Test
  void pseudoTerminalsThatAProcessOutsideHasOpenToo() throws Exception {
    refused(
        """
        master, slave = os.openpty()
        middle = os.fork()
        if middle == 0:
          if os.fork() == 0:
            os.setsid()
            os.close(master)
            while os.getppid() == middle: time.sleep(0.01)
            time.sleep(30)
          os._exit(0)
        os.waitpid(middle, 0)
        """,
        "pseudo-terminal",
        "which stays, has open");
  }

  @Test
  void addressSpaceThatIsFull() throws Exception {
    refused(
        """
        import resource
        used = int(open('/proc/self/statm').read().split()[0]) * 4096
        resource.setrlimit(resource.RLIMIT_AS, (used, used))
        """,
        "address-space",
        "may map nothing more");
  }

  @Test
  void keyringsOfAProcess() throws Exception {
    try (MovedProgram p =
        MovedProgram.start(
            directory,
            """
            key = libc.syscall(248, b'user', b'hob', b'secret', 6, -2)
            assert key > 0
            ready()
            text = ctypes.create_string_buffer(6)
            assert libc.syscall(250, 11, key, text, 6) == 6 and text.raw == b'secret'
            """)) {
      assertThat(check(p.pid())).extracting(Refusal::kind).containsExactly("keyring");
      p.check();
    }
  }

  @Test
  void keyringsOfAThreadOfAnotherUser() throws Exception {
    refused(
        """
        import threading
        r, w = os.pipe()
        def keeps():
          assert libc.syscall(248, b'user', b'hob', b'secret', 6, -1) > 0
          os.write(w, b'x')
          time.sleep(30)
        if os.fork() == 0:
          os.setuid(1234)
          threading.Thread(target=keeps, daemon=True).start()
          time.sleep(30)
        assert os.read(r, 1) == b'x'
        """,
        "keyring",
        "has a thread keyring");
  }

  @Test
  void whatComesAndGoesIsNoReason() throws Exception {
    try (MovedProgram p =
        MovedProgram.start(
            directory,
            """
            import socket
            for worker in range(3):
              if os.fork() == 0:
                while not os.path.exists('go'):
                  l = socket.socket(socket.AF_UNIX)
                  l.bind(chr(0) + 'hob-%d' % os.getpid())
                  l.listen()
                  c = socket.socket(socket.AF_UNIX)
                  c.connect(l.getsockname())
                  pair = socket.socketpair()
                  child = os.fork()
                  if child == 0: os._exit(0)
                  os.waitpid(child, 0)
                  l.close(); c.close(); pair[0].close(); pair[1].close()
                os._exit(0)
            ready()
            """)) {
      for (int i = 0; i < 40; i++) {
        assertThat(check(p.pid())).isEmpty();
      }
    }
  }

  @Test
  void initAndKernelThreads() throws Exception {
    assertThat(Capture.check(() -> List.of(2), 2))
        .extracting(Refusal::kind)
        .containsExactly("kernel-thread");
    assertThat(Capture.check(() -> List.of(1), 1))
        .extracting(Refusal::kind)
        .containsExactly("init");
  }

  /** Raw clone(2): what glibc knows of a fork it does not need to know here. */
  private static final String CLONE =
      """
      FS, FILES, CHILD = 0x200, 0x400, 17
      def clone(flags): return libc.syscall(56, flags | CHILD, 0, 0, 0, 0)
      """;

  @Test
  void oneMemoryOfTwoProcesses() throws Exception {
    refused(
        """
        stack = mmap.mmap(-1, 1 << 16)
        top = ctypes.addressof(ctypes.c_char.from_buffer(stack)) + (1 << 16)
        child = libc.clone(libc.pause, ctypes.c_void_p(top), 0x100 | 17, None)
        assert child > 0
        """,
        "shared-memory",
        "has one memory with process");
  }

  @Test
  void tablesOfAProcessThatStays() throws Exception {
    assertThat(
            reasons(
                CLONE
                    + """
                    if clone(FILES | FS) != 0:
                      time.sleep(60)
                      os._exit(0)
                    """))
        .anySatisfy(
            r -> assertThat(r.sentence()).contains("has one table of descriptors with process"))
        .anySatisfy(
            r -> assertThat(r.sentence()).contains("has one working directory and umask with"))
        .allSatisfy(r -> assertThat(r.sentence()).contains("which stays"));
  }

  @Test
  void threadsWithTablesOfTheirOwn() throws Exception {
    assertThat(
            reasons(
                """
                import threading
                started = threading.Barrier(3)
                def leaves(flag):
                  assert libc.unshare(flag) == 0
                  started.wait()
                  time.sleep(30)
                for flag in (0x200, 0x400):
                  threading.Thread(target=leaves, args=(flag,), daemon=True).start()
                started.wait()
                """))
        .anySatisfy(r -> assertThat(r.sentence()).contains("has a table of descriptors of its own"))
        .anySatisfy(
            r -> assertThat(r.sentence()).contains("has a working directory and umask of its own"))
        .hasSize(2);
  }

  @Test
  void trapsThatAreBlocked() throws Exception {
    refused(
        """
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTRAP])
        os.kill(os.getpid(), signal.SIGTRAP)
        """,
        "trap",
        "has a SIGTRAP of its own pending");
  }

  @Test
  void membersOfEventSetsThatOnlyOthersHaveOpen() throws Exception {
    refused(
        """
        import select
        r, w = os.pipe()
        e = select.epoll()
        e.register(r, select.EPOLLIN)
        middle = os.fork()
        if middle == 0:
          if os.fork() == 0:
            os.setsid()
            e.close()
            while os.getppid() == middle: time.sleep(0.01)
            time.sleep(30)
          os._exit(0)
        os.waitpid(middle, 0)
        os.close(r)
        """,
        "epoll",
        "that no process of the tree has open");
  }

  @Test
  void watchesOnFilesWithoutName() throws Exception {
    refused(
        """
        with open('watched', 'wb') as f: f.write(b'x' * 4096)
        fd = os.open('watched', os.O_RDWR)
        m = mmap.mmap(fd, 4096)
        notify = libc.inotify_init()
        assert libc.inotify_add_watch(notify, b'watched', 2) > 0
        # What python duplicates for the mapping is closed too.
        for n in range(fd, notify): os.close(n)
        os.unlink('watched')
        """,
        "inotify",
        "watches a file that has no name left");
  }

  @Test
  void filtersThatAskAnotherProgram() throws Exception {
    try (MovedProgram p =
        MovedProgram.start(
            directory,
            """
            assert libc.prctl(38, 1, 0, 0, 0) == 0
            # Asks about acct(2), which nobody calls.
            code = struct.pack('HBBI', 0x20, 0, 0, 0) + struct.pack('HBBI', 0x15, 0, 1, 163)
            code += struct.pack('HBBI', 6, 0, 0, 0x7fc00000) + struct.pack('HBBI', 6, 0, 0, 0x7fff0000)
            filter = ctypes.create_string_buffer(code)
            program = struct.pack('HxxxxxxQ', 4, ctypes.addressof(filter))
            listener = libc.syscall(317, 1, 8, program)
            assert listener >= 0
            os.close(listener)
            ready()
            """)) {
      assertThat(check(p.pid())).extracting(Refusal::kind).containsExactly("seccomp-listener");
      p.check();
    }
  }

  @Test
  void systemCallsThatAreGivenToTheProgram() throws Exception {
    refused(
        """
        import signal
        signal.signal(signal.SIGSYS, lambda *a: None)
        selector = ctypes.create_string_buffer(8)
        assert libc.prctl(59, 1, ctypes.c_long(0), ctypes.c_long(0), selector) == 0
        """,
        "syscall-dispatch",
        "has its system calls given to itself");
  }

  @Test
  void systemCallsThatAreGivenToTheProgramAtTheFreeze() throws Exception {
    try (MovedProgram p =
            MovedProgram.start(
                directory,
                """
                selector = ctypes.create_string_buffer(8)
                assert libc.prctl(59, 1, ctypes.c_long(0), ctypes.c_long(0), selector) == 0
                ready()
                """);
        MovedProgram.Trip trip = p.trip()) {
      assertThatThrownBy(() -> trip.to("h2"))
          .hasMessageContaining("has its system calls given to itself");
      p.check();
    }
  }

  @Test
  void whoIsAskedByATracerGoesOn() throws Exception {
    try (MovedProgram p =
        MovedProgram.start(
            directory,
            """
            import signal, select, threading
            signal.signal(signal.SIGSYS, lambda *a: None)
            ended = []
            def sleeps():
              begun = time.monotonic()
              assert select.epoll().poll(1.0) == []
              ended.append(time.monotonic() - begun)
            for n in range(4): threading.Thread(target=sleeps).start()
            ready()
            while len(ended) < 4: time.sleep(0.01)
            assert all(0.9 < e < 3 for e in ended), ended
            """)) {
      for (int i = 0; i < 20; i++) {
        assertThat(check(p.pid())).isEmpty();
      }
      p.check();
    }
  }
}
