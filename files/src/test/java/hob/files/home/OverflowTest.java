package hob.files.home;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import hob.files.frame.FileFrame;
import hob.files.frame.Notice;
import hob.linux.fuse.FuseLayout;
import hob.linux.fuse.FuseOpcode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class OverflowTest {
  @TempDir Path directory;
  private final BlockingQueue<ByteBuffer> frames = new LinkedBlockingQueue<>();

  @Test
  void whenEventsAreLostAGuestForgetsAllThatItKnows() throws Exception {
    Files.createFile(directory.resolve("f"));
    try (FileServer server = FileServer.open()) {
      Guest guest =
          server.invite(
              1,
              directory,
              Credentials.ROOT,
              frame -> {
                ByteBuffer copy =
                    ByteBuffer.allocate(frame.remaining()).order(ByteOrder.LITTLE_ENDIAN);
                frames.add(copy.put(frame).flip());
              });
      guest.frame(lookup("f"));
      long node = next(FileFrame.REPLY).getLong(FileFrame.HEAD_BYTES + FuseLayout.OUT_BYTES);
      guest.frame(lookup("nothing"));
      next(FileFrame.REPLY);
      server.watch().overflow();
      guest.barrier();
      assertThat(notices(next(FileFrame.NOTICE)))
          .contains("pages of 1", "pages of " + node, "name f in 1", "name nothing in 1");
    }
  }

  private static ByteBuffer lookup(String name) {
    byte[] text = (name + "\0").getBytes(UTF_8);
    int length = FuseLayout.IN_BYTES + text.length;
    ByteBuffer frame =
        ByteBuffer.allocate(FileFrame.HEAD_BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
    frame.put(FileFrame.KIND, (byte) FileFrame.REQUEST);
    frame.putInt(FileFrame.HEAD_BYTES + FuseLayout.IN_LEN, length);
    frame.putInt(FileFrame.HEAD_BYTES + FuseLayout.IN_OPCODE, FuseOpcode.LOOKUP);
    frame.putLong(FileFrame.HEAD_BYTES + FuseLayout.IN_UNIQUE, 7);
    frame.putLong(FileFrame.HEAD_BYTES + FuseLayout.IN_NODEID, 1);
    frame.put(FileFrame.HEAD_BYTES + FuseLayout.IN_BYTES, text);
    return frame;
  }

  private ByteBuffer next(int kind) throws InterruptedException {
    while (true) {
      ByteBuffer frame = frames.poll(20, TimeUnit.SECONDS);
      assertThat(frame).isNotNull();
      if (frame.get(FileFrame.KIND) == kind) {
        return frame;
      }
    }
  }

  private static List<String> notices(ByteBuffer frame) {
    List<String> said = new ArrayList<>();
    for (int at = FileFrame.HEAD_BYTES; at < frame.limit(); ) {
      int nameBytes = frame.getShort(at + Notice.NAME_BYTES);
      byte[] name = new byte[nameBytes];
      frame.get(at + Notice.BYTES, name);
      boolean entry = frame.get(at + Notice.KIND) == Notice.EXPIRED;
      said.add(
          entry
              ? "name " + new String(name, UTF_8) + " in " + frame.getLong(at + Notice.PARENT)
              : "pages of " + frame.getLong(at + Notice.NODE));
      at += Notice.BYTES + nameBytes;
    }
    return said;
  }
}
