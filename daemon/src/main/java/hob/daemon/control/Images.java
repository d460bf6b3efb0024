package hob.daemon.control;

import hob.home.Engine;
import hob.home.ImageTaker;
import hob.home.MoveRefusedException;
import hob.home.SessionId;
import hob.home.SessionView;
import hob.image.Pages;
import hob.image.Refusal;
import hob.image.format.ImageFileWriter;
import hob.image.format.ImageHeader;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.PidFd;
import hob.linux.ProcFs;
import hob.linux.Sys;
import hob.wire.proto.ImageReply;
import hob.wire.proto.ImageRequest;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Writes images of trees to files. Any thread; blocks.
 *
 * <p>The caller has opened the file himself, with his own rights; the daemon takes the open file
 * from him and does not touch any name.
 */
final class Images {
  private static final int F_GETFL = 3;
  private static final int OTHERS = 077;

  private final Engine engine;
  private final Locator locator;

  Images(String self, Engine engine) {
    this.engine = engine;
    this.locator = new Locator(self, engine);
  }

  ImageReply write(ImageRequest request) throws Problem {
    int uid = request.getCaller().getUid();
    Subject subject = locator.find(request.getPid(), request.getHome());
    locator.permit(subject, uid);
    mustRunHere(subject);
    try (Fd file = file(request.getWriter(), request.getFd(), uid)) {
      Taker taker = new Taker(uid, file);
      long frozen = engine.image(subject.session(), subject.session().pid(), taker);
      return taker.reply.setSession(subject.session().toString()).setFrozenNanos(frozen).build();
    } catch (MoveRefusedException e) {
      throw new Problem(
          Problem.Kind.CANNOT_MOVE,
          "pid %d has no image: %s"
              .formatted(
                  subject.pid(),
                  e.refusals().stream().map(Refusal::toString).collect(Collectors.joining("; "))));
    } catch (IOException e) {
      throw new Problem(
          Problem.Kind.FAILED,
          "cannot write the image of pid %d: %s".formatted(subject.pid(), e.getMessage()));
    }
  }

  private void mustRunHere(Subject subject) throws Problem {
    SessionId id = subject.session();
    Optional<SessionView> known =
        engine.sessions().stream().filter(s -> s.session().equals(id)).findFirst();
    if (known.isPresent() && !known.get().here()) {
      throw new Problem(
          Problem.Kind.FAILED,
          "pid %d runs on %s: there its image can be written, by: hob image --home %s %d FILE"
              .formatted(subject.pid(), known.get().location(), id.home(), subject.pid()));
    }
  }

  /** The file that a process of the caller has open: his own, empty, for nobody else's eyes. */
  private static Fd file(int writer, int descriptor, int uid) throws Problem {
    try (Fd pidfd = PidFd.open(writer)) {
      if (!belongs(writer, uid)) {
        throw new Problem(
            Problem.Kind.NOT_PERMITTED, "process %d is not the caller's".formatted(writer));
      }
      Fd file = PidFd.get(pidfd, descriptor);
      FileStat stat = FileStat.of(file.path());
      int access = (int) Sys.check(file.fcntl(F_GETFL, 0), "fcntl", "F_GETFL") & 3;
      if (!stat.isRegular()
          || access == Fd.O_RDONLY
          || stat.size() != 0
          || (stat.mode() & OTHERS) != 0
          || (uid != 0 && stat.uid() != uid)) {
        file.close();
        throw new Problem(
            Problem.Kind.NOT_PERMITTED,
            "an image goes into a new regular file that nobody else may open");
      }
      return file;
    } catch (LinuxException e) {
      throw new Problem(Problem.Kind.FAILED, "the file is not open: " + e.getMessage());
    }
  }

  /**
   * Whether a user may look into a process as a debugger would: all its user ids are his, and it
   * was not made more powerful by its program, since then /proc gives it to root.
   */
  private static boolean belongs(int pid, int uid) {
    try {
      String ids = ProcFs.status("/proc/" + pid + "/status").getOrDefault("Uid", "-1");
      return uid == 0
          || (FileStat.of("/proc/" + pid).uid() == uid
              && List.of(ids.strip().split("\\s+")).stream()
                  .allMatch(id -> id.equals(Integer.toString(uid))));
    } catch (LinuxException _) {
      return false;
    }
  }

  private static final class Taker implements ImageTaker {
    private final int uid;
    private final Fd file;
    private final ImageReply.Builder reply = ImageReply.newBuilder();

    Taker(int uid, Fd file) {
      this.uid = uid;
      this.file = file;
    }

    @Override
    public void permit(List<Integer> hostPids) throws MoveRefusedException {
      for (int pid : hostPids) {
        if (!belongs(pid, uid)) {
          throw new MoveRefusedException(
              List.of(
                  new Refusal(
                      pid,
                      "not-yours",
                      "belongs to another user, or its program gave it his rights: only root may"
                          + " see its memory")));
        }
      }
    }

    @Override
    public void take(TreeOutline outline, TreeImage image, Pages pages) throws IOException {
      try (FileChannel out = FileChannel.open(Path.of(file.path()), StandardOpenOption.WRITE)) {
        ImageHeader header = ImageFileWriter.write(out, outline, image, pages::read, Instant.now());
        reply
            .setProcesses(image.getProcessesCount())
            .setPageBytes(header.pageBytes())
            .setFileBytes(header.fileBytes());
      }
    }
  }
}
