package hob.home;

import hob.linux.ProcFs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Families: what fork(2), wait(2) and exit(2) leave behind. */
class ProcessesTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void everyChildIsSeenOnceHoweverFastTheyComeAndGo() throws Exception {
    survives(
        """
        import signal
        keeper = os.fork()
        if keeper == 0:
          living, end = [], time.monotonic() + 30
          while not os.path.exists('go') and time.monotonic() < end:
            for i in range(8):
              child = os.fork()
              if child == 0: os._exit(i)
              living.append((child, i))
            while len(living) > 4:
              child, i = living.pop(0)
              if os.waitpid(child, 0) != (child, i << 8): os._exit(1)
          while living:
            child, i = living.pop(0)
            if os.waitpid(child, 0) != (child, i << 8): os._exit(2)
          try:
            open('extra', 'w').write(str(os.wait()))
            os._exit(3)
          except ChildProcessError: os._exit(0)
        ready(busy=True)
        status = os.waitpid(keeper, 0)[1]
        assert status == 0, (status, os.path.exists('extra') and open('extra').read(), keeper)
        """);
  }

  @Test
  void zombiesOrphansAndSubreapersStay() throws Exception {
    survives(
        """
        import signal
        libc.prctl(36, 1, 0, 0, 0)
        r, w = os.pipe()
        zombie = os.fork()
        if zombie == 0: os._exit(9)
        killed = os.fork()
        if killed == 0: os.kill(os.getpid(), signal.SIGKILL)
        for c in (zombie, killed): os.waitid(os.P_PID, c, os.WEXITED | os.WNOWAIT)
        middle = os.fork()
        if middle == 0:
          os.setsid()
          orphan = os.fork()
          if orphan == 0:
            os.close(r)
            while not os.path.exists('go'): time.sleep(0.01)
            os.write(w, struct.pack('iii', os.getppid(), os.getsid(0), os.getpgrp()))
            os._exit(4)
          os._exit(orphan & 127)
        os.waitpid(middle, 0)
        stopped = os.fork()
        if stopped == 0:
          os.setpgid(0, 0)
          os.kill(os.getpid(), signal.SIGSTOP)
          os._exit(5)
        os.waitid(os.P_PID, stopped, os.WSTOPPED | os.WNOWAIT)
        family = (os.getpgrp(), os.getsid(0))
        ready()
        assert family == (os.getpgrp(), os.getsid(0))
        assert struct.unpack('iii', os.read(r, 12)) == (os.getpid(), middle, middle)
        assert os.waitpid(zombie, 0)[1] == 9 << 8
        assert os.waitpid(killed, 0)[1] & 0x7f == signal.SIGKILL
        assert os.waitpid(stopped, os.WUNTRACED)[1] == signal.SIGSTOP << 8 | 0x7f
        os.kill(stopped, signal.SIGCONT)
        assert os.waitpid(stopped, 0)[1] == 5 << 8
        assert os.wait()[1] == 4 << 8, 'the orphan is its grandparents child'
        after = os.fork()
        if after == 0: os._exit(0)
        assert os.waitpid(after, 0)[1] == 0
        """);
  }

  @Test
  void zombieThatWasBornAndEndedAbroadIsWaitedForAtHome() throws Exception {
    String script =
        """
        parent = os.fork()
        if parent == 0:
          asked('birth')
          child = os.fork()
          if child == 0:
            asked('end')
            os._exit(7)
          done('birth')
          os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
          done('end')
          asked('wait')
          os._exit(0 if os.waitpid(child, 0) == (child, 7 << 8) else 1)
        ready()
        assert os.waitpid(parent, 0)[1] == 0
        """;
    try (MovedProgram p = MovedProgram.start(directory, script)) {
      try (MovedProgram.Trip trip = p.trip()) {
        trip.to("h2");
        trip.does("birth");
        trip.to("h1");
        trip.to("h3");
        trip.does("end");
        awaitZombie(p.pid());
        trip.to("h1");
        Files.writeString(directory.resolve("asked-wait"), "");
      }
      p.check();
    }
  }

  /** At home, of a grandchild. */
  private static void awaitZombie(int pid) {
    int parent = ProcFs.children(pid).getFirst();
    Awaitility.await("the end to be known at home")
        .atMost(Duration.ofSeconds(20))
        .until(() -> {
          int child = ProcFs.children(parent).getFirst();
          return ProcFs.stat("/proc/" + child + "/stat").state() == 'Z';
        });
  }

  @Test
  void childrenMadeByVforkAreWaitedFor() throws Exception {
    survives(
        """
        import subprocess
        worker = os.fork()
        if worker == 0:
          end = time.monotonic() + 30
          while not os.path.exists('go') and time.monotonic() < end:
            if subprocess.run(['/bin/true'], close_fds=False).returncode != 0: os._exit(1)
          os._exit(0)
        ready(busy=True)
        assert os.waitpid(worker, 0)[1] == 0
        """);
  }

  @Test
  void filesOfNamespacesAndOfInit() throws Exception {
    survives(
        """
        fds = {n: os.open('/proc/self/ns/' + n, os.O_RDONLY) for n in ('net', 'pid', 'uts')}
        init = os.open('/proc/1/status', os.O_RDONLY)
        ready()
        for n, fd in fds.items():
          assert os.path.samestat(os.fstat(fd), os.stat('/proc/self/ns/' + n)), n
        assert b'Pid:\\t1\\n' in os.pread(init, 4096, 0)
        """);
  }

  @Test
  void orphansOfASessionThatIsLedByTheTreeMoveAlong() throws Exception {
    survives(
        """
        shared = mmap.mmap(-1, 4096)
        r, w = os.pipe()
        middle = os.fork()
        if middle == 0:
          if os.fork() == 0:
            os.close(r)
            if os.fork() == 0:
              while shared[0:1] != b'g': time.sleep(0.01)
              os._exit(3)
            shared[1:2] = b'r'
            status = os.wait()[1]
            os.write(w, struct.pack('iii', status, os.getppid(), os.getsid(0)))
            os._exit(0)
          os._exit(0)
        os.waitpid(middle, 0)
        os.close(w)
        while shared[1:2] != b'r': time.sleep(0.01)
        ready()
        shared[0:1] = b'g'
        assert struct.unpack('iii', os.read(r, 12)) == (3 << 8, 1, os.getsid(0))
        assert os.read(r, 1) == b''
        """);
  }

  @Test
  void sessionsAndGroupsThatBeginAbroadAreThereAtHome() throws Exception {
    try (MovedProgram p =
            MovedProgram.start(
                directory,
                """
                import threading
                r, w = os.pipe()
                back, out = os.pipe()
                leader = os.fork()
                if leader == 0:
                  child = os.fork()
                  if child == 0:
                    time.sleep(60)
                    os._exit(0)
                  os.read(r, 1)
                  os.setsid()
                  os.write(out, struct.pack('i', child))
                  os.read(r, 1)
                  os.write(out, struct.pack('ii', os.getsid(0), os.getpgrp()))
                  os._exit(0)
                group = os.fork()
                if group == 0:
                  time.sleep(60)
                  os._exit(0)
                def away():
                  asked('begin')
                  os.write(w, b'x')
                  child = struct.unpack('i', os.read(back, 4))[0]
                  os.setpgid(group, group)
                  done('begin')
                threading.Thread(target=away).start()
                ready()
                assert (os.getsid(leader), os.getpgid(leader)) == (leader, leader)
                assert (os.getsid(group), os.getpgid(group)) == (os.getsid(0), group)
                os.write(w, b'y')
                assert struct.unpack('ii', os.read(back, 8)) == (leader, leader)
                os.kill(-group, 9)
                assert os.waitpid(group, 0)[1] == 9
                """);
        MovedProgram.Trip trip = p.trip()) {
      trip.to("h2");
      trip.does("begin");
      trip.to("h3");
      trip.to("h1");
      p.check();
    }
  }
}
