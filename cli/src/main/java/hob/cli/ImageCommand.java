package hob.cli;

import hob.cli.image.ShowCommand;
import hob.cli.output.CommandFailure;
import hob.cli.output.Json;
import hob.cli.output.Units;
import hob.cli.output.WrongUse;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.wire.proto.ImageReply;
import hob.wire.proto.ImageRequest;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hob image PID FILE}. */
@Command(
    name = "image",
    description = {
      "Write the whole state of a process and its descendants to a file; they run on.",
      "The file holds all their memory, passwords and keys too: only its owner may read it."
    },
    customSynopsis = {
      "hob image [--force] [--home HOST] [--json] PID FILE",
      "hob image show [--full | --json] FILE"
    },
    exitCodeListHeading = "Exit status:%n",
    exitCodeList = {
      "0:written",
      "1:tried without success; the process runs on and there is no file",
      "2:wrong command line",
      "3:no such process",
      "4:another user's process",
      "5:something of it is in no image",
      "8:no daemon answers"
    })
final class ImageCommand implements Callable<Integer> {
  private static final int OWNER_ONLY = 0600;

  private final PrintWriter out;

  // Picocli asks for them even when a subcommand is given, so they must not be required.
  @Parameters(index = "0", arity = "0..1", paramLabel = "PID", description = "A process here.")
  private @Nullable Integer pid;

  @Parameters(index = "1", arity = "0..1", paramLabel = "FILE", description = "A new file.")
  private @Nullable Path file;

  @Option(names = "--force", description = "Replace FILE if there is one.")
  private boolean force;

  @Option(
      names = "--home",
      paramLabel = "HOST",
      description = "PID is one of that host's, not of this one's.")
  private String home = "";

  @Option(names = "--json", description = "Print a JSON object.")
  private boolean json;

  private ImageCommand(PrintWriter out) {
    this.out = out;
  }

  /** With its subcommand. */
  static CommandLine line(PrintWriter out) {
    return new CommandLine(new ImageCommand(out)).addSubcommand(new ShowCommand(out));
  }

  @Override
  public Integer call() throws DaemonException {
    if (pid == null || file == null) {
      throw new WrongUse("say what to write and where: hob image PID FILE");
    }
    if (!force && Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new CommandFailure(file + " is there already; --force replaces it");
    }
    if (Files.isDirectory(file)) {
      throw new CommandFailure(file + " is a directory");
    }
    // Whoever looks for FILE finds a whole image or none.
    Path unfinished =
        file.resolveSibling(".%s.%d".formatted(file.getFileName(), ProcessHandle.current().pid()));
    ImageReply reply;
    try {
      reply = write(pid, unfinished);
      if (!force && Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        throw new CommandFailure(file + " has come into being meanwhile; --force replaces it");
      }
      Files.move(
          unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new CommandFailure("cannot write " + file + ": " + e.getMessage(), e);
    } finally {
      discard(unfinished);
    }
    out.println(json ? Json.of(object(pid, reply)) : sentence(pid, reply));
    return ExitStatus.OK.number();
  }

  private ImageReply write(int process, Path unfinished) throws DaemonException, IOException {
    try (Fd open = Fd.open(unfinished.toString(), Fd.O_RDWR | Fd.O_CREAT | Fd.O_EXCL, OWNER_ONLY)) {
      // For ^C.
      unfinished.toFile().deleteOnExit();
      ImageRequest request =
          ImageRequest.newBuilder()
              .setPid(process)
              .setHome(home)
              .setWriter((int) ProcessHandle.current().pid())
              .setFd(open.number())
              .build();
      ImageReply reply;
      try (Daemon daemon = Daemon.connect()) {
        reply = daemon.call(request, ImageReply.class);
      }
      try (FileChannel written = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
        written.force(true);
      }
      return reply;
    } catch (LinuxException e) {
      throw new CommandFailure("cannot write " + file + ": " + e.errno(), e);
    }
  }

  private static void discard(Path unfinished) {
    try {
      Files.deleteIfExists(unfinished);
    } catch (IOException e) {
      throw new CommandFailure("cannot remove " + unfinished + ": " + e.getMessage(), e);
    }
  }

  private Map<String, Object> object(int process, ImageReply reply) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("pid", process);
    object.put("session", reply.getSession());
    object.put("file", String.valueOf(file));
    object.put("file_bytes", reply.getFileBytes());
    object.put("page_bytes", reply.getPageBytes());
    object.put("processes", reply.getProcesses());
    object.put("frozen_nanos", reply.getFrozenNanos());
    return object;
  }

  private String sentence(int process, ImageReply reply) {
    return "%d written to %s: %s, %s; it stood still for %s"
        .formatted(
            process,
            file,
            reply.getProcesses() == 1 ? "1 process" : reply.getProcesses() + " processes",
            Units.bytes(reply.getFileBytes()),
            Units.nanos(reply.getFrozenNanos()));
  }
}
