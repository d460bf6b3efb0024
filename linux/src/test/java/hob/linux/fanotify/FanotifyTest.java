package hob.linux.fanotify;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.Sys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FanotifyTest {
  /** fs.fanotify.max_queued_events is 16,384 unless somebody has changed it. */
  private static final int MORE_THAN_FIT = 20_000;

  @TempDir Path directory;

  private static final class Recorder implements Fanotify.Events {
    private final List<String> names = new ArrayList<>();
    private int overflows;

    @Override
    public void changed(
        long mask,
        int thread,
        @Nullable FileId directory,
        byte @Nullable [] name,
        @Nullable FileId target) {
      boolean mine = thread == (int) Sys.call(Nr.GETTID, 0);
      if (mine && (mask & (Fanotify.CREATE | Fanotify.DELETE)) != 0 && name != null) {
        assertThat(directory).isNotNull();
        assertThat(target).isNotNull();
        names.add(new String(name, UTF_8));
      }
    }

    @Override
    public void overflow() {
      overflows++;
    }
  }

  private Fanotify open(boolean unlimited) {
    Fanotify fanotify = Fanotify.open(unlimited);
    try (Fd fd = Fd.open(directory.toString(), Fd.O_RDONLY)) {
      assertThat(fanotify.watch(fd.number())).isZero();
    }
    return fanotify;
  }

  @Test
  void aChangeNamesDirectoryFileAndThread() throws IOException {
    try (Fanotify fanotify = open(true)) {
      Recorder recorder = new Recorder();
      Files.createFile(directory.resolve("one"));
      fanotify.drain(recorder);
      Files.delete(directory.resolve("one"));
      fanotify.drain(recorder);
      assertThat(recorder.names).containsExactly("one", "one");
      assertThat(recorder.overflows).isZero();
    }
  }

  @Test
  void aQueueThatOverflowsSaysSo() throws IOException {
    try (Fanotify fanotify = open(false)) {
      for (int i = 0; i < MORE_THAN_FIT; i++) {
        Files.createFile(directory.resolve(Integer.toString(i)));
      }
      Recorder recorder = new Recorder();
      fanotify.drain(recorder);
      assertThat(recorder.overflows).isEqualTo(1);
      assertThat(recorder.names).hasSizeLessThan(MORE_THAN_FIT);
    }
  }
}
