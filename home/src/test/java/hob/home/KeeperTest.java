package hob.home;

import static org.assertj.core.api.Assertions.assertThat;

import hob.image.Adopter;
import hob.image.Keeper;
import hob.image.ReportedCalls;
import hob.linux.Fd;
import hob.linux.SeccompListener;
import hob.linux.SeccompListener.Notification;
import hob.linux.Wait;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A daemon that ends between hearing of an exec and answering. */
class KeeperTest {
  private final Fd[] in = Fd.pipe(0);
  private final Fd[] out = Fd.pipe(Fd.O_NONBLOCK);
  private int shell;

  /** Stands at its exec, which this daemon has heard of and never answers. */
  private ReportedCalls calls;

  @BeforeEach
  void anExecIsHeardOf() throws Exception {
    shell = Children.start("read x; /bin/echo one; exec /bin/echo two", in[0], out[1]);
    Awaitility.await().until(() -> Adopter.reading(shell).filter(fd -> fd == 0).isPresent());
    Adopter adopter = Adopter.stop(shell);
    SeccompListener listener = adopter.install();
    calls = new ReportedCalls(listener);
    adopter.finish(true);
    assertThat(calls.await()).isTrue();
    assertThat(calls.receive()).map(Notification::nr).isPresent();
    assertThat(out[0].readSome(100)).isEmpty();
  }

  @AfterEach
  void over() {
    Awaitility.await().atMost(Duration.ofSeconds(10)).until(calls::over);
    Children.end(shell);
    calls.close();
    for (Fd fd : new Fd[] {in[0], in[1], out[0], out[1]}) {
      fd.close();
    }
  }

  @Test
  void theKeeperAnswersForTheDaemon() throws IOException {
    Keeper keeper = Keeper.start(calls);
    endOfDaemon(keeper.pid());
    awaitOutput("one\ntwo\n");
    Wait.of(keeper.pid());
  }

  @Test
  void theNextDaemonAnswersForBoth() {
    Keeper keeper = Keeper.start(calls);
    try (SeccompListener next = Keeper.takeOver(keeper.pid())) {
      awaitOutput("one\n");
      try (ReportedCalls again = new ReportedCalls(new SeccompListener(next.fd().dup()))) {
        assertThat(again.await()).isTrue();
        again.proceed(again.receive().orElseThrow().id());
      }
      awaitOutput("two\n");
    }
    keeper.end();
  }

  private void awaitOutput(String expected) {
    StringBuilder said = new StringBuilder();
    Awaitility.await()
        .atMost(Duration.ofSeconds(10))
        .until(() ->
            said.append(new String(out[0].readSome(100), StandardCharsets.UTF_8))
                .toString()
                .equals(expected));
  }

  /** Closes this end of the pipe that the keeper reads from, as the kernel would. */
  private static void endOfDaemon(int keeper) throws IOException {
    String pipe = Fd.readlink("/proc/" + keeper + "/fd/1");
    try (DirectoryStream<Path> fds = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path fd : fds) {
        if (Files.isSymbolicLink(fd) && pipe.equals(Fd.readlink(fd.toString()))) {
          Fd.of(Integer.parseInt(fd.getFileName().toString())).close();
          return;
        }
      }
    }
    throw new AssertionError("no end of " + pipe + " is here");
  }
}
