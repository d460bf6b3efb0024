package hob.files;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import hob.files.frame.FileFrame;
import hob.files.home.Credentials;
import hob.files.home.FileServer;
import hob.files.home.Guest;
import hob.linux.Errno;
import hob.linux.fuse.FuseLayout;
import hob.linux.fuse.FuseOpcode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A foreign host that lies gets nothing, and breaks nothing. */
@Timeout(60)
class ForgedRequestTest {
  private static final long ROOT = 1;

  @TempDir Path directory;
  private final BlockingQueue<ByteBuffer> answers = new LinkedBlockingQueue<>();
  private FileServer server;
  private Guest guest;
  private long unique;

  @BeforeEach
  void invite() throws Exception {
    Files.createDirectory(directory.resolve("shared"));
    Files.writeString(directory.resolve("shared/file"), "open to all");
    Files.writeString(directory.resolve("outside"), "not shared");
    server = FileServer.open();
    guest =
        server.invite(
            1,
            directory.resolve("shared"),
            Credentials.ROOT,
            frame -> {
              ByteBuffer copy =
                  ByteBuffer.allocate(frame.remaining()).order(ByteOrder.LITTLE_ENDIAN);
              copy.put(frame).flip();
              if (copy.get(FileFrame.KIND) == FileFrame.REPLY) {
                answers.add(copy);
              }
            });
  }

  @AfterEach
  void close() {
    server.close();
  }

  private ByteBuffer send(int opcode, long node, byte[] body) {
    int length = FuseLayout.IN_BYTES + body.length;
    ByteBuffer frame =
        ByteBuffer.allocate(FileFrame.HEAD_BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
    frame.put(FileFrame.KIND, (byte) FileFrame.REQUEST);
    int head = FileFrame.HEAD_BYTES;
    frame.putInt(head + FuseLayout.IN_LEN, length);
    frame.putInt(head + FuseLayout.IN_OPCODE, opcode);
    frame.putLong(head + FuseLayout.IN_UNIQUE, ++unique);
    frame.putLong(head + FuseLayout.IN_NODEID, node);
    frame.put(head + FuseLayout.IN_BYTES, body);
    return frame;
  }

  private ByteBuffer ask(int opcode, long node, byte[] body) throws InterruptedException {
    guest.frame(send(opcode, node, body));
    ByteBuffer answer = answers.poll(20, TimeUnit.SECONDS);
    assertThat(answer).isNotNull();
    return answer;
  }

  private int error(int opcode, long node, byte[] body) throws InterruptedException {
    return ask(opcode, node, body).getInt(FileFrame.HEAD_BYTES + FuseLayout.OUT_ERROR);
  }

  private static byte[] name(String name) {
    return (name + "\0").getBytes(ISO_8859_1);
  }

  private long lookup(String name) throws InterruptedException {
    return ask(FuseOpcode.LOOKUP, ROOT, name(name))
        .getLong(FileFrame.HEAD_BYTES + FuseLayout.OUT_BYTES);
  }

  @Test
  void aNumberThatWasNotGivenOutIsStale() throws Exception {
    long file = lookup("file");
    assertThat(file).isPositive();
    for (long node : new long[] {file + 1, file ^ FileFrame.NO_ACL, 0, -1, Long.MIN_VALUE}) {
      assertThat(error(FuseOpcode.READ, node, new byte[FuseLayout.READ_BYTES]))
          .isEqualTo(-Errno.ESTALE.number());
    }
  }

  @Test
  void aNumberOfAnotherGuestIsStale() throws Exception {
    Path other = Files.createDirectory(directory.resolve("other"));
    Guest stranger = server.invite(2, other, Credentials.ROOT, _ -> {});
    long file = lookup("file");
    stranger.frame(send(FuseOpcode.UNLINK, file, name("x")));
    assertThat(directory.resolve("shared/file")).exists();
    assertThat(stranger.size()).isEqualTo(1);
  }

  @Test
  void aNameHasOneComponent() throws Exception {
    for (String name : new String[] {"..", ".", "", "../outside", "shared/../..", "/etc/passwd"}) {
      assertThat(error(FuseOpcode.LOOKUP, ROOT, name(name))).isEqualTo(-Errno.EINVAL.number());
      assertThat(error(FuseOpcode.UNLINK, ROOT, name(name))).isEqualTo(-Errno.EINVAL.number());
    }
    assertThat(directory.resolve("outside")).exists();
  }

  @Test
  void aWriteLongerThanItsDataIsRefused() throws Exception {
    long file = lookup("file");
    ByteBuffer write =
        ByteBuffer.allocate(FuseLayout.WRITE_BYTES + 4).order(ByteOrder.LITTLE_ENDIAN);
    write.putInt(FuseLayout.WRITE_SIZE, 1 << 20);
    assertThat(error(FuseOpcode.WRITE, file, write.array())).isEqualTo(-Errno.EINVAL.number());
    write.putInt(FuseLayout.WRITE_SIZE, -1);
    assertThat(error(FuseOpcode.WRITE, file, write.array())).isEqualTo(-Errno.EINVAL.number());
    assertThat(directory.resolve("shared/file")).hasContent("open to all");
  }

  @Test
  void truncatedRequestsAreRefused() throws Exception {
    long file = lookup("file");
    for (int opcode : new int[] {FuseOpcode.READ, FuseOpcode.SETATTR, FuseOpcode.SETXATTR}) {
      assertThat(error(opcode, file, new byte[4])).isEqualTo(-Errno.EINVAL.number());
    }
  }

  @Test
  void nonsenseDoesNoHarm() throws Exception {
    Random random = new Random(7);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextInt(200)];
      random.nextBytes(bytes);
      if (i % 2 == 0 && bytes.length > 60) {
        ByteBuffer frame = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        frame.put(FileFrame.KIND, (byte) FileFrame.REQUEST);
        frame.putInt(FileFrame.HEAD_BYTES, bytes.length - FileFrame.HEAD_BYTES);
        frame.putInt(FileFrame.HEAD_BYTES + FuseLayout.IN_OPCODE, random.nextInt(54));
        frame.putLong(FileFrame.HEAD_BYTES + FuseLayout.IN_NODEID, 1 + random.nextInt(2));
        frame.putShort(FileFrame.HEAD_BYTES + FuseLayout.IN_TOTAL_EXTLEN, (short) 0);
      }
      guest.frame(ByteBuffer.wrap(bytes));
    }
    assertThat(directory.resolve("outside")).hasContent("not shared");
    answers.clear();
    unique = 1_000_000;
    guest.frame(send(FuseOpcode.GETATTR, ROOT, new byte[16]));
    ByteBuffer answer;
    do {
      answer = answers.poll(20, TimeUnit.SECONDS);
      assertThat(answer).as("an answer after all that nonsense").isNotNull();
    } while (answer.getLong(FileFrame.HEAD_BYTES + FuseLayout.OUT_UNIQUE) != unique);
  }
}
