package hob.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Pipe;
import hob.linux.Poller;
import hob.linux.Wait;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Pipes that lead out of a tree, wherever it goes. */
@Timeout(120)
class SessionStreamsTest {
  private static final int NONBLOCK = Fd.O_NONBLOCK;
  private static final int F_GETFL = 3;

  private final Executor threads = task -> Thread.ofPlatform().daemon().start(task);
  private final StreamJourney journey = new StreamJourney();

  @AfterEach
  void end() {
    journey.close();
  }

  private CompletableFuture<Void> run(Runnable task) {
    return CompletableFuture.runAsync(task, threads);
  }

  private <T> CompletableFuture<T> supply(Supplier<T> task) {
    return CompletableFuture.supplyAsync(task, threads);
  }

  private static byte[] text(String s) {
    return s.getBytes(StandardCharsets.UTF_8);
  }

  private static String string(byte[] b) {
    return new String(b, StandardCharsets.UTF_8);
  }

  @Test
  void aHundredMegabytesArriveUnchanged() throws Exception {
    Fd[] real = Fd.pipe(0);
    List<Fd> tree = journey.abroad(List.of(real[1]));
    MessageDigest wrote = MessageDigest.getInstance("SHA-256");
    CompletableFuture<Void> writer =
        run(() -> {
          Random random = new Random(1);
          byte[] b = new byte[1 << 16];
          for (long left = 100L << 20; left > 0; left -= b.length) {
            random.nextBytes(b);
            wrote.update(b);
            tree.getFirst().writeAll(b);
          }
          tree.getFirst().close();
        });
    MessageDigest read = MessageDigest.getInstance("SHA-256");
    long total = 0;
    for (byte[] b = real[0].readSome(1 << 16); b.length > 0; b = real[0].readSome(1 << 16)) {
      read.update(b);
      total += b.length;
    }
    writer.get(10, TimeUnit.SECONDS);
    assertThat(total).isEqualTo(100L << 20);
    assertThat(read.digest()).isEqualTo(wrote.digest());
  }

  @Test
  void aSlowReaderBlocksTheForeignWriter() {
    Fd[] real = Fd.pipe(0);
    Fd out = journey.abroad(List.of(real[1])).getFirst();
    Fd nonblocking = Fd.open(out.path(), Fd.O_WRONLY | NONBLOCK);
    byte[] line = text("x".repeat(4095) + "\n");
    long[] written = {0};
    long[] before = {0};
    await()
        .atMost(Duration.ofSeconds(10))
        .during(Duration.ofMillis(300))
        .until(() -> {
          try {
            while (true) {
              nonblocking.writeAll(line);
              written[0] += line.length;
            }
          } catch (LinuxException e) {
            assertThat(e.errno()).isEqualTo(Errno.EAGAIN);
            boolean blocked = written[0] == before[0];
            before[0] = written[0];
            return blocked;
          }
        });
    // Two pipes, and at most a window and a half between them.
    assertThat(journey.bytesSent()).isLessThan(65536 + 3 * 65536);
    assertThat(written[0]).isLessThan(5 * 65536);
    nonblocking.close();
    assertThat(StreamJourney.read(real[0], (int) written[0])).hasSize((int) written[0]);
  }

  @Test
  void theForeignWriterLearnsThatTheReaderIsGone() {
    Fd[] real = Fd.pipe(0);
    Fd out = journey.abroad(List.of(real[1])).getFirst();
    real[0].close();
    await().atMost(Duration.ofSeconds(10)).until(() -> (out.poll(Poller.OUT, 0) & Poller.ERR) != 0);
    assertThatThrownBy(() -> out.writeAll(new byte[] {1}))
        .isInstanceOfSatisfying(
            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EPIPE));
  }

  @Test
  void theReaderThatWasGoneBeforeTheMoveIsGoneAbroadToo() {
    Fd[] real = Fd.pipe(0);
    real[0].close();
    Fd out = journey.abroad(List.of(real[1])).getFirst();
    await().atMost(Duration.ofSeconds(10)).until(() -> (out.poll(Poller.OUT, 0) & Poller.ERR) != 0);
    Fd again = journey.abroad(List.of(out)).getFirst();
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> (again.poll(Poller.OUT, 0) & Poller.ERR) != 0);
  }

  @Test
  void theRealWriterLearnsThatTheForeignReaderIsGone() {
    Fd[] real = Fd.pipe(NONBLOCK);
    Fd in = journey.abroad(List.of(real[0])).getFirst();
    in.close();
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> (real[1].poll(Poller.OUT, 0) & Poller.ERR) != 0);
  }

  @Test
  void endOfFileReachesTheRealReaderAfterAllBytes() {
    Fd[] real = Fd.pipe(0);
    Fd out = journey.abroad(List.of(real[1])).getFirst();
    out.writeAll(text("last words"));
    out.close();
    assertThat(string(StreamJourney.read(real[0], 100))).isEqualTo("last words");
  }

  @Test
  void endOfFileReachesTheForeignReaderAfterAllBytes() {
    Fd[] real = Fd.pipe(0);
    Fd in = journey.abroad(List.of(real[0])).getFirst();
    real[1].writeAll(text("last words"));
    real[1].close();
    assertThat(string(StreamJourney.read(in, 100))).isEqualTo("last words");
    // Also on yet another host, and at home.
    Fd there = journey.abroad(List.of(in)).getFirst();
    assertThat(StreamJourney.read(there, 1)).isEmpty();
    Fd back = journey.home(List.of(there)).getFirst();
    assertThat(StreamJourney.read(back, 1)).isEmpty();
  }

  @Test
  void unreadBytesBeforeTheEndMoveAlong() {
    Fd[] real = Fd.pipe(0);
    Fd in = journey.abroad(List.of(real[0])).getFirst();
    real[1].writeAll(text("abcdef"));
    real[1].close();
    assertThat(string(StreamJourney.read(in, 2))).isEqualTo("ab");
    Fd there = journey.abroad(List.of(in)).getFirst();
    assertThat(string(StreamJourney.read(there, 2))).isEqualTo("cd");
    Fd back = journey.home(List.of(there)).getFirst();
    assertThat(string(StreamJourney.read(back, 10))).isEqualTo("ef");
  }

  @Test
  void theTreeGetsTheRealDescriptionBack() {
    Fd[] real = Fd.pipe(0);
    Fd other = real[1].dup();
    Fd out = journey.abroad(List.of(real[1])).getFirst();
    out.writeAll(text("one "));
    assertThat(string(StreamJourney.read(real[0], 4))).isEqualTo("one ");
    Fd back = journey.home(List.of(out)).getFirst();
    int self = (int) ProcessHandle.current().pid();
    assertThat(
            hob.linux.Kcmp.compare(self, self, hob.linux.Kcmp.FILE, back.number(), other.number()))
        .isZero();
    back.writeAll(text("two"));
    Fd.closeAll(back, other);
    // Nothing of the daemon's holds it open.
    assertThat(string(StreamJourney.read(real[0], 10))).isEqualTo("two");
  }

  @Test
  void flagsOfTheDescriptionAndSizeOfThePipeMoveAlong() {
    Fd[] real = Fd.pipe(0);
    Pipe.setCapacity(real[1], 8192);
    Fd second = Fd.open(real[1].path(), Fd.O_WRONLY | NONBLOCK);
    List<Fd> there = journey.abroad(List.of(real[1], second));
    assertThat(there.get(0).fcntl(F_GETFL, 0) & NONBLOCK).isZero();
    assertThat(there.get(1).fcntl(F_GETFL, 0) & NONBLOCK).isNotZero();
    assertThat(Pipe.capacity(there.get(1))).isEqualTo(8192);
    there.get(0).writeAll(text("a"));
    there.get(1).writeAll(text("b"));
    assertThat(string(StreamJourney.read(real[0], 2))).isEqualTo("ab");
  }

  @Test
  void anAbortedMoveLosesNothing() {
    Fd[] in = Fd.pipe(0);
    Fd[] out = Fd.pipe(0);
    List<Fd> tree = journey.abroad(List.of(in[0], out[1]));
    in[1].writeAll(text("abc"));
    assertThat(string(StreamJourney.read(tree.get(0), 1))).isEqualTo("a");
    tree.get(1).writeAll(text("x"));
    journey.abort(tree, () -> in[1].writeAll(text("de")));
    in[1].writeAll(text("f"));
    tree.get(1).writeAll(text("y"));
    assertThat(string(StreamJourney.read(tree.get(0), 5))).isEqualTo("bcdef");
    assertThat(string(StreamJourney.read(out[0], 2))).isEqualTo("xy");
    List<Fd> home = journey.home(tree);
    journey.abort(home, () -> {});
    Fd.closeAll(home);
    assertThat(StreamJourney.read(out[0], 1)).isEmpty();
  }

  @Test
  void outputIsAtItsEndWhenDrained() {
    Fd[] real = Fd.pipe(0);
    Fd out = journey.abroad(List.of(real[1])).getFirst();
    out.writeAll(text("done"));
    assertThat(journey.here().awaitDrained(Duration.ofSeconds(1))).isTrue();
    await()
        .atMost(Duration.ofSeconds(5))
        .until(
            () -> journey.home.awaitDrained(Duration.ofSeconds(1)) && Pipe.pending(real[0]) == 4);
  }

  @Test
  void whatStandsInAPipeIsReadAtOnceAbroad() {
    Fd[] real = Fd.pipe(NONBLOCK);
    real[1].writeAll(text("abcdef"));
    journey.alone(real[0]);
    journey.abort(List.of(real[0]), () -> real[1].writeAll(text("gh")));
    assertThat(string(real[0].readSome(1))).isEqualTo("a");
    journey.alone(real[0]);
    Fd there = journey.abroad(List.of(real[0])).getFirst();
    assertThat(string(there.readSome(2))).isEqualTo("bc");
    Fd back = journey.home(List.of(there)).getFirst();
    assertThat(string(back.readSome(2))).isEqualTo("de");
    real[1].writeAll(text("i"));
    Fd again = journey.abroad(List.of(back)).getFirst();
    assertThat(string(StreamJourney.read(again, 4))).isEqualTo("fghi");
    Fd home = journey.home(List.of(again)).getFirst();
    real[1].writeAll(text("jkl"));
    journey.alone(home);
    Fd last = journey.abroad(List.of(home)).getFirst();
    real[1].close();
    assertThat(string(StreamJourney.read(last, 9))).isEqualTo("jkl");
  }

  @Test
  void aSharedPipeLosesNoByteThatNobodyAskedFor() throws Exception {
    Fd[] real = Fd.pipe(0);
    Fd[] out = Fd.pipe(0);
    // A reader that stays at home.
    int stays = Children.start("exec sleep 1000", real[0], out[1]);
    List<Fd> tree = journey.abroad(List.of(real[0]));
    real[1].writeAll(text("abc"));
    int child = Children.start("exec dd bs=1 count=1 status=none", tree.getFirst(), out[1]);
    try {
      journey.processes(List.of(child));
      assertThat(string(StreamJourney.read(out[0], 1))).isEqualTo("a");
      assertThat(Wait.of(child).gone()).isTrue();
      await()
          .during(Duration.ofMillis(200))
          .atMost(Duration.ofSeconds(5))
          .until(() -> Pipe.pending(real[1]) == 2);
    } finally {
      Children.end(stays);
    }
  }

  @Test
  void readersGetEveryByteOnceWhereverTheyGo() {
    Random random = new Random(20);
    Fd[] real = Fd.pipe(0);
    int total = 4 << 20;
    byte[] all = new byte[total];
    new Random(7).nextBytes(all);
    CompletableFuture<Void> writer =
        run(() -> {
          Random r = new Random(3);
          for (int at = 0; at < total; ) {
            int n = Math.min(total - at, 1 + r.nextInt(30000));
            real[1].writeAll(Arrays.copyOfRange(all, at, at + n));
            at += n;
          }
          real[1].close();
        });
    List<Fd> tree = List.of(real[0]);
    ByteArrayOutputStream got = new ByteArrayOutputStream();
    for (int round = 0; round < 200; round++) {
      got.writeBytes(StreamJourney.read(tree.getFirst(), random.nextInt(20000)));
      if (random.nextBoolean()) {
        StreamJourney.yieldFor(random.nextInt(2000));
      }
      tree =
          switch (random.nextInt(4)) {
            case 0 -> {
              journey.alone(tree.getFirst());
              yield journey.here() == journey.home ? journey.abroad(tree) : journey.home(tree);
            }
            case 1 -> {
              journey.abort(tree, () -> StreamJourney.yieldFor(random.nextInt(500)));
              yield tree;
            }
            default -> journey.abroad(tree);
          };
    }
    got.writeBytes(StreamJourney.read(tree.getFirst(), total));
    assertThat(got.toByteArray()).isEqualTo(all);
    assertThat(writer).isCompleted();
  }

  @Test
  void writersBytesArriveOnceWhereverTheyGo() throws Exception {
    Random random = new Random(21);
    Fd[] real = Fd.pipe(0);
    ByteArrayOutputStream wrote = new ByteArrayOutputStream();
    CompletableFuture<byte[]> reader =
        supply(() -> {
          ByteArrayOutputStream got = new ByteArrayOutputStream();
          Random r = new Random(4);
          for (byte[] b = real[0].readSome(1 + r.nextInt(20000));
              b.length > 0;
              b = real[0].readSome(1 + r.nextInt(20000))) {
            got.writeBytes(b);
            if (r.nextInt(4) == 0) {
              StreamJourney.yieldFor(r.nextInt(1000));
            }
          }
          return got.toByteArray();
        });
    List<Fd> tree = List.of(real[1]);
    for (int round = 0; round < 200; round++) {
      byte[] b = new byte[random.nextInt(30000)];
      random.nextBytes(b);
      wrote.writeBytes(b);
      tree.getFirst().writeAll(b);
      tree =
          switch (random.nextInt(4)) {
            case 0 -> journey.here() == journey.home ? journey.abroad(tree) : journey.home(tree);
            case 1 -> {
              journey.abort(tree, () -> {});
              yield tree;
            }
            default -> journey.abroad(tree);
          };
    }
    Fd.closeAll(tree);
    assertThat(reader.get(30, TimeUnit.SECONDS)).isEqualTo(wrote.toByteArray());
  }

  @Test
  void linesOfSeveralWritersStayWhole() throws Exception {
    Fd[] real = Fd.pipe(0);
    Fd atHome = real[1].dup();
    List<Fd> tree = journey.abroad(List.of(real[1]));
    CountDownLatch go = new CountDownLatch(1);
    List<CompletableFuture<Void>> writers = new ArrayList<>();
    for (int w = 0; w < 3; w++) {
      Fd out = w == 2 ? atHome : tree.getFirst();
      String letter = String.valueOf((char) ('a' + w));
      Random random = new Random(w);
      writers.add(
          run(() -> {
            try {
              go.await();
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
            for (int i = 0; i < 2000; i++) {
              out.writeAll(text(letter.repeat(1 + random.nextInt(Pipe.PIPE_BUF - 1)) + "\n"));
            }
          }));
    }
    CompletableFuture<Void> end =
        CompletableFuture.allOf(writers.toArray(CompletableFuture[]::new))
            .thenRun(() -> Fd.closeAll(atHome, tree.getFirst()));
    go.countDown();
    ByteArrayOutputStream got = new ByteArrayOutputStream();
    for (byte[] b = real[0].readSome(65536); b.length > 0; b = real[0].readSome(65536)) {
      got.writeBytes(b);
    }
    end.get(10, TimeUnit.SECONDS);
    List<String> lines = got.toString(StandardCharsets.UTF_8).lines().toList();
    assertThat(lines).hasSize(6000).allMatch(l -> l.chars().distinct().count() == 1);
  }

  @Test
  void aForeignProcessDiesOfSigpipeLikeAtHome() {
    Fd[] real = Fd.pipe(0);
    List<Fd> tree = journey.abroad(List.of(real[1]));
    int child = Children.start("exec yes", Fd.open("/dev/null", Fd.O_RDONLY), tree.getFirst());
    Fd.closeAll(tree);
    assertThat(StreamJourney.read(real[0], 1000)).hasSize(1000);
    real[0].close();
    assertThat(Wait.of(child).toString()).contains("13");
  }
}
