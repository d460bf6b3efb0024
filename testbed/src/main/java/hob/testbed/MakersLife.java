package hob.testbed;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * FIFOs that this program holds open for as long as it lives, one a testbed: processes that read
 * from one, and hold nothing else of it, find its end when the program ends.
 */
final class MakersLife {
  private static final Map<Path, RandomAccessFile> HELD = new ConcurrentHashMap<>();

  private MakersLife() {}

  /** Makes the FIFO and holds it. Its readers need not wait for anything. */
  static void hold(Path fifo) {
    Command.run(List.of("mkfifo", "-m", "600", fifo.toString()));
    try {
      // Both ways, since opening only to write waits for a reader.
      HELD.put(fifo, new RandomAccessFile(fifo.toFile(), "rw"));
    } catch (IOException e) {
      throw new TestbedException("cannot open " + fifo + ": " + e.getMessage(), e);
    }
  }

  /** Lets go of it; nothing happens when it is not held. */
  static void release(Path fifo) {
    RandomAccessFile held = HELD.remove(fifo);
    if (held != null) {
      try {
        held.close();
      } catch (IOException e) {
        throw new TestbedException("cannot close " + fifo + ": " + e.getMessage(), e);
      }
    }
  }
}
