package hob.linux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DescriptorQueueTest {
  @Test
  void manyFilesStayOpenInItAndComeOutInOrder() {
    int many = 2_000;
    try (DescriptorQueue queue = DescriptorQueue.create()) {
      for (int i = 0; i < many; i++) {
        try (Fd file = Fd.memfd("queued", 0)) {
          file.writeAll(("file " + i).getBytes(UTF_8));
          assertThat(queue.put(("tag " + i).getBytes(UTF_8), file.number())).isZero();
        }
      }
      try (DescriptorQueue other =
          DescriptorQueue.of(queue.ends().getFirst().dup(), queue.ends().getLast().dup())) {
        for (int i = 0; i < many; i++) {
          DescriptorQueue.Item item = other.take().orElseThrow();
          try (Fd file = item.file();
              Fd again = Fd.open(file.path(), Fd.O_RDONLY)) {
            assertThat(new String(item.tag(), UTF_8)).isEqualTo("tag " + i);
            assertThat(new String(again.readSome(20), UTF_8)).isEqualTo("file " + i);
          }
        }
        assertThat(other.take()).isEmpty();
      }
    }
  }

  @Test
  void whatIsNoDescriptorIsRefused() {
    try (DescriptorQueue queue = DescriptorQueue.create()) {
      assertThat(Errno.EBADF.is(queue.put(new byte[1], -1))).isTrue();
      assertThat(queue.take()).isEmpty();
    }
  }
}
