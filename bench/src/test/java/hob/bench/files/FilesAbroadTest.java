package hob.bench.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What processes abroad can do with the home's files, and what they cannot. */
@Timeout(120)
class FilesAbroadTest {
  private static Served served;

  @BeforeAll
  static void open() throws IOException {
    served = Served.open();
  }

  @AfterAll
  static void close() throws IOException {
    served.close();
  }

  @Test
  void callsDoAbroadWhatTheyDoAtHome() throws Exception {
    Path script = served.base.resolve("semantics.py");
    try (InputStream in = getClass().getResourceAsStream("semantics.py")) {
      Files.write(script, in.readAllBytes());
    }
    Path home = Files.createDirectories(served.base.resolve("semantics"));
    Path abroad = Files.createDirectories(served.at.resolve("semantics"));
    String there = Served.run("python3", script.toString(), home.toString());
    assertThat(there).contains("fsync of a directory -> None");
    assertThat(Served.run("python3", script.toString(), abroad.toString())).isEqualTo(there);
  }

  @Test
  void aDirectoryWithManyEntriesIsListed() throws Exception {
    Path many = Files.createDirectories(served.root.resolve("many"));
    String make = "cd '%s' && seq 100000 | xargs touch".formatted(many);
    assertThat(Served.run("/bin/sh", "-c", make)).isEmpty();
    served.tellAbroad();
    String count = "ls -f '%s' | wc -l".formatted(served.at.resolve("many"));
    assertThat(Served.run("/bin/sh", "-c", count).strip()).isEqualTo("100002");
    assertThat(Served.run("rm", "-rf", many.toString())).isEmpty();
  }

  @Test
  void manyFilesCanBeOpen() throws IOException {
    Path directory = Files.createDirectories(served.at.resolve("open"));
    List<FileChannel> open = new ArrayList<>();
    try {
      for (int i = 0; i < 10_000; i++) {
        FileChannel channel =
            FileChannel.open(
                directory.resolve("f" + i),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        open.add(channel);
        channel.write(ByteBuffer.wrap(("text " + i).getBytes(UTF_8)));
      }
      for (int i = 0; i < 10_000; i += 7) {
        ByteBuffer text = ByteBuffer.allocate(20);
        open.get(i).read(text, 0);
        assertThat(new String(text.array(), 0, text.position(), UTF_8)).isEqualTo("text " + i);
      }
    } finally {
      for (FileChannel channel : open) {
        channel.close();
      }
    }
  }

  @Test
  void aFileDeletedAtHomeStaysReadableWhereItIsOpen() throws Exception {
    Path file = served.at.resolve("doomed");
    Files.writeString(file, "still here");
    try (FileChannel channel = FileChannel.open(file)) {
      served.tellHome();
      Files.delete(served.root.resolve("doomed"));
      served.tellAbroad();
      ByteBuffer text = ByteBuffer.allocate(20);
      channel.read(text, 0);
      assertThat(new String(text.array(), 0, text.position(), UTF_8)).isEqualTo("still here");
    }
    assertThat(file).doesNotExist();
  }

  @Test
  void whatIsWrittenAbroadCanBeExecutedAtHome() throws Exception {
    Path script = served.at.resolve("tool");
    Files.write(script, Files.readAllBytes(Path.of("/bin/true")));
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    served.tellHome();
    Process process = new ProcessBuilder(served.root.resolve("tool").toString()).start();
    assertThat(process.waitFor()).isZero();
  }

  @Test
  void aLockAbroadHoldsAtHomeUntilTheFileIsClosed() throws Exception {
    Path file = Files.createFile(served.root.resolve("locked"));
    served.tellAbroad();
    String hold =
        """
        import fcntl, sys
        f = open(sys.argv[1], 'r+')
        fcntl.lockf(f, fcntl.LOCK_EX)
        print('held', flush=True)
        sys.stdin.readline()
        f.close()
        print('closed', flush=True)
        sys.stdin.readline()
        """;
    Child holder =
        new Child("holder", List.of("python3", "-c", hold, served.at.resolve("locked").toString()));
    holder.expect("held");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      assertThat(channel.tryLock()).isNull();
      holder.say("close");
      holder.expect("closed");
      Awaitility.await()
          .atMost(Duration.ofSeconds(10))
          .until(() -> {
            FileLock lock = channel.tryLock();
            return lock != null;
          });
    } finally {
      holder.close();
    }
  }

  @Test
  void rootAbroadHasOnlyTheRightsOfTheHomesUser() throws Exception {
    Path base = Served.directory();
    try (Served guest = Served.open(base, List.of(), List.of("--user=1000:1000"))) {
      Files.writeString(guest.root.resolve("secret"), "of root");
      Files.setPosixFilePermissions(
          guest.root.resolve("secret"), PosixFilePermissions.fromString("rw-------"));
      Path own = Files.createDirectory(guest.root.resolve("own"));
      assertThat(Served.run("chown", "1000:1000", own.toString())).isEmpty();
      guest.tellAbroad();
      // This test is root, whom the kernel here lets pass: the home does not.
      assertThatThrownBy(() -> Files.readString(guest.at.resolve("secret")))
          .hasMessageContaining("Permission denied");
      assertThatThrownBy(() -> Files.writeString(guest.at.resolve("more"), "x"))
          .isInstanceOf(FileSystemException.class);
      assertThatThrownBy(() -> Files.delete(guest.at.resolve("secret")))
          .isInstanceOf(FileSystemException.class);
      Files.writeString(guest.at.resolve("own/mine"), "x");
      assertThat(Files.getAttribute(guest.root.resolve("own/mine"), "unix:uid")).isEqualTo(1000);
      assertThat(Served.run("chown", "0:0", guest.at.resolve("own/mine").toString()))
          .contains("not permitted");
      assertThat(
              Served.run(
                  "python3",
                  "-c",
                  "import os,sys; os.setxattr(sys.argv[1],'trusted.x',b'1')",
                  guest.at.resolve("own/mine").toString()))
          .contains("PermissionError");
    }
  }

  @Test
  void aFullDiskIsReportedToTheWriterAlone() throws Exception {
    Path base = Served.directory();
    Path root = Files.createDirectories(base.resolve("root"));
    assertThat(Served.run("mount", "-t", "tmpfs", "-o", "size=8m", "small", root.toString()))
        .isEmpty();
    try (Served small = Served.open(base, List.of(), List.of())) {
      assertThatThrownBy(() -> Files.write(small.at.resolve("large"), new byte[16 << 20]))
          .hasMessageContaining("No space left");
      Files.delete(small.at.resolve("large"));
      Files.writeString(small.at.resolve("fits"), "fits");
      small.tellHome();
      assertThat(small.root.resolve("fits")).hasContent("fits");
      small.abroad.close();
      small.home.close();
      assertThat(Served.run("umount", root.toString())).isEmpty();
    }
  }

  @Test
  void theMountGoesAwayWithTheHome() throws Exception {
    try (Served doomed = Served.open()) {
      Files.writeString(doomed.at.resolve("f"), "x");
      FileChannel open = FileChannel.open(doomed.at.resolve("f"), StandardOpenOption.WRITE);
      assertThat(Served.run("kill", "-KILL", Long.toString(doomed.home.pid()))).isEmpty();
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 1_000_000; i++) {
                  open.write(ByteBuffer.wrap(new byte[4096]));
                }
              })
          .isInstanceOf(IOException.class);
      open.close();
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> !Files.readString(Path.of("/proc/self/mounts")).contains(doomed.at + " "));
    }
  }
}
