package hob.home;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hob.linux.PosixSpawn;
import hob.linux.ProcFs;
import hob.linux.Wait;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes with one table of descriptors, or one working directory, still have one elsewhere. */
class SharedTablesTest {
  private static final String CALLS =
      """
      import signal
      FS, FILES, PARENT = 0x200, 0x400, 0x8000
      def clone(flags): return libc.syscall(56, flags | signal.SIGCHLD, 0, 0, 0, 0)
      def opens(number, what):
        f = os.open(home + '/' + what, os.O_CREAT | os.O_RDWR)
        os.write(f, what.encode())
        os.dup2(f, number)
        os.close(f)
      def finds(number):
        try: return os.pread(number, 99, 0).decode()
        except OSError: return ''
      def waits(what):
        while not os.path.exists(home + '/' + what): time.sleep(0.01)
      """;

  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, CALLS + script);
  }

  @Test
  void zombiesHaveNothingInCommon() throws Exception {
    MovedProgram.survives(
        directory,
        """
        mine = os.fork()
        if mine == 0: os._exit(3)
        other = os.fork()
        if other == 0:
          theirs = os.fork()
          if theirs == 0: os._exit(4)
          open('born', 'w').close()
          while not os.path.exists('go'): time.sleep(0.01)
          os._exit(0 if os.waitpid(theirs, 0)[1] == 4 << 8 else 1)
        while not os.path.exists('born'): time.sleep(0.01)
        time.sleep(0.1)
        ready()
        assert os.waitpid(other, 0)[1] == 0 and os.waitpid(mine, 0)[1] == 3 << 8
        """);
  }

  @Test
  void whatOneOpensAndClosesTheOtherSees() throws Exception {
    survives(
        """
        r, w = os.pipe()
        child = clone(FILES)
        if child == 0:
          waits('go')
          opens(100, 'mine')
          os.close(w)
          os._exit(0)
        opens(90, 'before')
        ready()
        assert os.waitpid(child, 0)[1] == 0
        assert finds(90) == 'before' and finds(100) == 'mine'
        assert not os.path.exists('/proc/self/fd/%d' % w) and os.read(r, 1) == b''
        """);
  }

  @Test
  void whereOneGoesTheOtherIs() throws Exception {
    survives(
        """
        child = clone(FS)
        if child == 0:
          waits('go')
          opens(100, 'own')
          os.chdir('/usr')
          os.umask(0o27)
          os._exit(0)
        ready()
        assert os.waitpid(child, 0)[1] == 0
        assert os.getcwd() == '/usr' and os.umask(0) == 0o27 and finds(100) == ''
        """);
  }

  @Test
  void brothersHaveOneTableThatTheirParentHasNot() throws Exception {
    survives(
        """
        one = os.fork()
        if one == 0:
          other = clone(PARENT | FILES)
          waits('go')
          if other == 0:
            opens(100, 'brother')
            opens(101, 'opened')
            os.close(101)
            os._exit(0)
          while not finds(100): time.sleep(0.01)
          os._exit(0)
        time.sleep(0.1)
        ready()
        for n in range(2): assert os.wait()[1] == 0
        assert finds(100) == ''
        """);
  }

  private static final String GENERATIONS =
      """
      def shares(flags, then):
        child = clone(flags)
        if child == 0:
          then()
          waits('go')
          os._exit(0)
        return child
      def last(): opens(70, 'three')
      """;

  @Test
  void tablesOfThreeGenerations() throws Exception {
    survives(
        GENERATIONS
            + """
            child = shares(FILES | FS, lambda: shares(FILES | FS, last))
            while finds(70) != 'three': time.sleep(0.01)
            time.sleep(0.2)
            ready()
            assert finds(70) == 'three'
            assert os.waitpid(child, 0)[1] == 0
            """);
  }

  @Test
  void whatAParentHasLeftItsChildrenDoNotShareElsewhere() throws Exception {
    try (MovedProgram p =
            start(
                GENERATIONS
                    + """
                    def leaves():
                      shares(FILES, last)
                      while finds(70) != 'three': time.sleep(0.01)
                      libc.unshare(FILES)
                    child = shares(FILES, leaves)
                    while finds(70) != 'three': time.sleep(0.01)
                    time.sleep(0.2)
                    ready()
                    """);
        MovedProgram.Trip trip = p.trip()) {
      assertThatThrownBy(() -> trip.to("h2"))
          .isInstanceOf(MoveRefusedException.class)
          .hasMessageContaining("whom no order of forks gives that");
      p.check();
    }
  }

  private MovedProgram start(String script) throws Exception {
    return MovedProgram.start(directory, CALLS + script);
  }

  @Test
  void whoLeavesATableAbroadHasItsOwnAtHome() throws Exception {
    try (MovedProgram p =
            start(
                """
                child = clone(FILES | FS)
                if child == 0:
                  asked('leave')
                  libc.unshare(FILES | FS)
                  opens(100, 'own')
                  os.chdir('/usr')
                  done('leave')
                  waits('go')
                  os._exit(finds(100) != 'own' or os.getcwd() != '/usr')
                ready()
                assert finds(100) == '' and os.getcwd() == home
                assert os.waitpid(child, 0)[1] == 0
                """);
        MovedProgram.Trip trip = p.trip()) {
      trip.to("h2");
      trip.does("leave");
      trip.to("h3");
      trip.to("h1");
      p.check();
    }
  }

  @Test
  void whoIsBornAbroadHasTheTablesOfItsParentAtHome() throws Exception {
    try (MovedProgram p =
            start(
                """
                alone = os.fork()
                if alone == 0:
                  asked('born')
                  child = clone(FILES | FS)
                  if child == 0:
                    opens(100, 'born')
                    waits('go')
                    os.chdir('/usr')
                    opens(101, 'late')
                    os._exit(0)
                  while not finds(100): time.sleep(0.01)
                  done('born')
                  waits('go')
                  os.waitpid(child, 0)
                  os._exit(os.getcwd() != '/usr' or finds(101) != 'late')
                ready()
                assert os.waitpid(alone, 0)[1] == 0 and os.getcwd() == home
                """);
        MovedProgram.Trip trip = p.trip()) {
      trip.to("h2");
      trip.does("born");
      trip.to("h3");
      trip.to("h1");
      p.check();
    }
  }

  /** By somebody else than this daemon. */
  private static void signal(int... pids) {
    List<String> words = new ArrayList<>(List.of("kill", "-USR1"));
    for (int pid : pids) {
      words.add(String.valueOf(pid));
    }
    Wait.of(PosixSpawn.spawn("/bin/kill", words, List.of()));
  }

  @Test
  void shadowsWithOneTablePassOnEachItsSignals() throws Exception {
    try (MovedProgram p =
            start(
                """
                got = []
                signal.signal(signal.SIGUSR1, lambda *a: got.append(1))
                def heard(n, who):
                  while len(got) < n: time.sleep(0.01)
                  done('%s%d' % (who, n))
                child = clone(FILES)
                if child == 0:
                  heard(1, 'child')
                  heard(2, 'child')
                  waits('go')
                  opens(100, 'child')
                  os._exit(len(got))
                with open('ready.new', 'w') as f: f.write(str(os.getpid()))
                os.rename('ready.new', 'ready')
                heard(1, 'parent')
                heard(2, 'parent')
                waits('go')
                status = os.waitpid(child, 0)[1]
                assert (status, finds(100), len(got)) == (2 << 8, 'child', 2)
                """);
        MovedProgram.Trip trip = p.trip()) {
      int child = ProcFs.children(p.pid()).getFirst();
      trip.to("h2");
      signal(p.pid(), child);
      trip.does("parent1");
      trip.does("child1");
      trip.to("h3");
      trip.staysFor("h1");
      signal(p.pid(), child);
      trip.does("parent2");
      trip.does("child2");
      trip.to("h1");
      p.check();
    }
  }
}
