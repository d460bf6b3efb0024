package hob.home;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** FIFOs with what stands in them. */
class FifosTest {
  @TempDir Path directory;

  private void survives(String script) throws Exception {
    MovedProgram.survives(directory, script);
  }

  @Test
  void contentsStayBetweenTwoProcesses() throws Exception {
    survives(
        """
        os.mkfifo('f')
        r = os.open('f', os.O_RDONLY | os.O_NONBLOCK)
        w = os.open('f', os.O_WRONLY)
        os.set_blocking(r, True)
        fcntl.fcntl(w, 1031, 1 << 20)
        os.write(w, b'z' * 200000)
        child = os.fork()
        if child == 0:
          os.close(r)
          while not os.path.exists('go'): time.sleep(0.01)
          os.write(w, b'end')
          os._exit(0)
        os.close(w)
        while os.path.exists(f'/proc/{child}/fd/{r}'): time.sleep(0.01)
        ready()
        got = b''
        while True:
          more = os.read(r, 65536)
          if not more: break
          got += more
        assert got == b'z' * 200000 + b'end', len(got)
        assert fcntl.fcntl(r, 1032) == 1 << 20
        """);
  }

  @Test
  void deletedFifoWithOnlyReaderKeepsContents() throws Exception {
    survives(
        """
        os.mkfifo('f')
        r = os.open('f', os.O_RDONLY | os.O_NONBLOCK)
        w = os.open('f', os.O_WRONLY)
        os.unlink('f')
        os.write(w, b'left behind')
        os.close(w)
        ready()
        assert os.read(r, 100) == b'left behind' and os.read(r, 100) == b''
        """);
  }

  @Test
  void whoWaitsForTheOtherEndWaitsOn() throws Exception {
    survives(
        """
        os.mkfifo('f')
        child = os.fork()
        if child == 0:
          with open('f') as f: os._exit(0 if f.read() == 'hello' else 1)
        time.sleep(0.1)
        ready()
        with open('f', 'w') as f: f.write('hello')
        assert os.waitpid(child, 0)[1] == 0
        """);
  }
}
