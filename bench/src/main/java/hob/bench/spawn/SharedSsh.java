package hob.bench.spawn;

import hob.testbed.Completed;
import hob.testbed.Host;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

/** An ssh from one host to another whose connection stands already, with keys of its own. */
final class SharedSsh implements AutoCloseable {
  private static final Path SSHD = Path.of("/usr/sbin/sshd");
  private static final String PORT = "2222";

  private final Host from;
  private final Host server;
  private final Path control;
  private final Path pidFile;

  private SharedSsh(Host from, Host server, Path control, Path pidFile) {
    this.from = from;
    this.server = server;
    this.control = control;
    this.pidFile = pidFile;
  }

  /**
   * Starts a server and connects.
   *
   * @return nothing where sshd or ssh is missing
   */
  static Optional<SharedSsh> start(Host from, Host to, Path directory) throws IOException {
    if (!Files.isExecutable(SSHD)) {
      return Optional.empty();
    }
    Path keys = Files.createDirectory(directory.resolve("ssh"));
    for (String key : List.of("host", "user")) {
      must(from, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", keys.resolve(key).toString());
    }
    Files.createDirectories(
        Path.of("/run/sshd"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    Path pidFile = keys.resolve("pid");
    must(
        to,
        SSHD.toString(),
        "-f",
        "/dev/null",
        "-h",
        keys.resolve("host").toString(),
        "-p",
        PORT,
        "-o",
        "AuthorizedKeysFile=" + keys.resolve("user.pub"),
        "-o",
        "StrictModes=no",
        "-o",
        "PermitRootLogin=yes",
        "-o",
        "PidFile=" + pidFile);
    SharedSsh ssh = new SharedSsh(from, to, keys.resolve("control"), pidFile);
    must(
        from,
        "ssh",
        "-F",
        "/dev/null",
        "-i",
        keys.resolve("user").toString(),
        "-p",
        PORT,
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "LogLevel=ERROR",
        "-M",
        "-S",
        ssh.control.toString(),
        "-f",
        "-N",
        ssh.who());
    return Optional.of(ssh);
  }

  /** A command line that runs a command there. */
  List<String> command(String remote) {
    return List.of("/usr/bin/ssh", "-F", "/dev/null", "-S", control.toString(), who(), remote);
  }

  private String who() {
    return "root@" + server.address();
  }

  private static void must(Host host, String... command) throws IOException {
    Completed done = host.run(command);
    if (done.status() != 0) {
      throw new IOException(String.join(" ", command) + ": " + done.error().strip());
    }
  }

  @Override
  public void close() {
    from.run("ssh", "-F", "/dev/null", "-S", control.toString(), "-O", "exit", who());
    server.run("sh", "-c", "kill $(cat " + pidFile + ") 2>/dev/null");
  }
}
