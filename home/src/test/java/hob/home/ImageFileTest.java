package hob.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hob.image.Pages;
import hob.image.Refusal;
import hob.image.format.ImageException;
import hob.image.format.ImageFile;
import hob.image.format.ImageFileWriter;
import hob.image.proto.PageRun;
import hob.image.proto.ProcessImage;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import hob.linux.ProcFs;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The image of a live tree in a file: whole, or known to be damaged. */
class ImageFileTest {
  private static final String SCRIPT =
      """
      marked = mmap.mmap(-1, 5 << 20)
      marked[:26] = b'this is what I remember...'
      marked[5000000:5000003] = b'end'
      if os.fork() == 0:
        time.sleep(1000)
      ready()
      assert marked[:7] == b'this is' and marked[5000000:5000003] == b'end'
      """;

  @TempDir Path directory;

  /** Writes to a file whatever it may see. */
  private static final class Writer implements ImageTaker {
    private final Path file;
    private TreeImage image = TreeImage.getDefaultInstance();
    private List<Integer> seen = List.of();

    Writer(Path file) {
      this.file = file;
    }

    @Override
    public void permit(List<Integer> hostPids) {
      seen = hostPids;
    }

    @Override
    public void take(TreeOutline outline, TreeImage taken, Pages pages) throws IOException {
      image = taken;
      for (int pid : seen) {
        assertThat(ProcFs.stat("/proc/" + pid + "/stat").state()).isEqualTo('t');
      }
      try (FileChannel out =
          FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
        ImageFileWriter.write(out, outline, taken, pages::read, Instant.now());
      }
    }
  }

  private static SessionId session(MovedProgram p) {
    return new SessionId("h1", p.pid(), ProcFs.stat("/proc/" + p.pid() + "/stat").startTime());
  }

  @Test
  void fileHoldsTheTreeWhichRunsOn() throws Exception {
    Path file = directory.resolve("image");
    try (MovedProgram p = MovedProgram.start(directory, SCRIPT);
        Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2")) {
      Writer writer = new Writer(file);
      hosts.engine("h1").image(session(p), p.pid(), writer);
      try (ImageFile read = ImageFile.open(file)) {
        read.verify();
        assertThat(read.image()).isEqualTo(writer.image);
        assertThat(read.image().getProcessesList())
            .extracting(ProcessImage::getPid)
            .containsExactlyElementsOf(writer.seen);
        assertThat(contents(read)).contains("this is what I remember...");
      }
      // It moves afterwards as it would have before.
      hosts.move(session(p), "h1", "h2");
      hosts.move(session(p), "h2", "h1");
      p.check();
    }
  }

  private static String contents(ImageFile file) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      long bytes = file.image().getPageRunsList().stream().mapToLong(PageRun::getLength).sum();
      MemorySegment all = arena.allocate(bytes);
      file.read(0, all);
      return new String(all.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
    }
  }

  @Test
  void imageIsTakenAbroadToo() throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, SCRIPT);
        Hosts hosts = new Hosts(directory.resolve("state"), "h1", "h2")) {
      SessionId id = session(p);
      hosts.move(id, "h1", "h2");
      Writer writer = new Writer(directory.resolve("image"));
      hosts.engine("h2").image(id, p.pid(), writer);
      assertThat(writer.image.getHome()).isEqualTo("h1");
      assertThatThrownBy(
              () -> hosts.engine("h1").image(id, p.pid(), new Writer(directory.resolve("no"))))
          .isInstanceOf(MoveRefusedException.class)
          .hasMessageContaining("runs on h2");
      hosts.move(id, "h2", "h1");
      p.check();
    }
  }

  @Test
  void whoIsNotPermittedSeesNothingAndTheTreeRunsOn() throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, SCRIPT);
        Hosts hosts = new Hosts(directory.resolve("state"), "h1")) {
      Writer writer = new Writer(directory.resolve("image"));
      ImageTaker stranger =
          new ImageTaker() {
            @Override
            public void permit(List<Integer> hostPids) throws MoveRefusedException {
              throw new MoveRefusedException(List.of(new Refusal(p.pid(), "not-yours", "is not")));
            }

            @Override
            public void take(TreeOutline outline, TreeImage image, Pages pages) throws IOException {
              writer.take(outline, image, pages);
            }
          };
      assertThatThrownBy(() -> hosts.engine("h1").image(session(p), p.pid(), stranger))
          .isInstanceOf(MoveRefusedException.class);
      assertThat(writer.file).doesNotExist();
      p.check();
    }
  }

  @Test
  void treeRunsOnWhenTheFileCannotBeWritten() throws Exception {
    try (MovedProgram p = MovedProgram.start(directory, SCRIPT);
        Hosts hosts = new Hosts(directory.resolve("state"), "h1")) {
      assertThatThrownBy(() ->
              hosts
                  .engine("h1")
                  .image(session(p), p.pid(), new Writer(directory.resolve("none/image"))))
          .isInstanceOf(IOException.class);
      p.check();
    }
  }

  @Test
  void anyDamageIsFound() throws Exception {
    Path file = directory.resolve("image");
    try (MovedProgram p = MovedProgram.start(directory, SCRIPT);
        Hosts hosts = new Hosts(directory.resolve("state"), "h1")) {
      hosts.engine("h1").image(session(p), p.pid(), new Writer(file));
    }
    byte[] whole = Files.readAllBytes(file);
    Random random = new Random(5);
    Path damaged = directory.resolve("damaged");
    for (int i = 0; i < 300; i++) {
      // Every bit of the header, then some of the rest.
      int at = i < 64 ? i : random.nextInt(whole.length);
      byte[] flipped = whole.clone();
      flipped[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(damaged, flipped);
      assertThatThrownBy(() -> verify(damaged)).as("byte " + at).isInstanceOf(ImageException.class);
    }
    for (int i = 0; i < 100; i++) {
      int length = i < 70 ? i : random.nextInt(whole.length);
      Files.write(damaged, java.util.Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> verify(damaged))
          .as("first " + length)
          .isInstanceOf(ImageException.class);
    }
    Files.write(damaged, java.util.Arrays.copyOf(whole, whole.length + 1));
    assertThatThrownBy(() -> verify(damaged)).hasMessageContaining("followed by something else");
  }

  private static void verify(Path file) throws IOException {
    try (ImageFile image = ImageFile.open(file)) {
      image.verify();
    }
  }
}
