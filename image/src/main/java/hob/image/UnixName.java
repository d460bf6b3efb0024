package hob.image;

import hob.image.proto.UnixSocket;
import hob.linux.Errno;
import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.NetworkNamespace;
import hob.linux.Nr;
import hob.linux.Socket;
import hob.linux.Sys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The file that bind(2) of a unix socket makes. The kernel keeps the address as the program wrote
 * it, perhaps relative to a directory of long ago; so the bind takes place with a directory of
 * Hob's own as root or working directory, beside where the file shall be, and the file is put in
 * its place when the tree is going to run here. Until then the file of the source's socket stays.
 */
final class UnixName {
  private static final int ADDRESS_FAMILY = 2;
  private static final int LONGEST = 110;

  private final Path directory;
  private final Path made;
  private final UnixSocket image;

  private UnixName(Path directory, Path made, UnixSocket image) {
    this.directory = directory;
    this.made = made;
    this.image = image;
  }

  /** Whether the address is a path; else it is abstract, or there is none. */
  static boolean isPath(byte[] address) {
    return address.length > ADDRESS_FAMILY && address[ADDRESS_FAMILY] != 0;
  }

  /** Binds {@code socket} to a path, out of the way; the calling thread is in its namespace. */
  static UnixName bind(Fd socket, byte[] address, UnixSocket image) {
    int end = ADDRESS_FAMILY;
    while (end < address.length && address[end] != 0) {
      end++;
    }
    String name = new String(address, ADDRESS_FAMILY, end - ADDRESS_FAMILY, StandardCharsets.UTF_8);
    try {
      Path directory = besides(image);
      boolean absolute = name.startsWith("/");
      Path start = directory;
      for (Path part : Path.of(name)) {
        // A place for each step up.
        start = !absolute && part.toString().equals("..") ? start.resolve("d") : start;
      }
      Path made = start.resolve(absolute ? name.substring(1) : name).normalize();
      Files.createDirectories(start);
      Path parents = start;
      for (Path part : Path.of(absolute ? name.substring(1) : name)) {
        Files.createDirectories(parents);
        parents = parents.resolve(part);
      }
      String from = start.toString();
      NetworkNamespace.withOwnDirectories(() -> {
        enter(absolute ? Nr.CHROOT : Nr.CHDIR, from);
        return Sys.check(Socket.bind(socket, address), "bind", name);
      });
      try (Fd file = Fd.open(made.toString(), Fd.O_PATH)) {
        own(file, image);
      }
      return new UnixName(directory, made, image);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path besides(UnixSocket image) throws IOException {
    Path parent = Path.of(image.getPath().toStringUtf8()).getParent();
    if (parent == null || image.getDeleted() || !Files.isDirectory(parent)) {
      return Files.createTempDirectory(".hob-");
    }
    return Files.createTempDirectory(parent, ".hob-");
  }

  private static void enter(int call, String path) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment p = arena.allocateFrom(path);
      Sys.check(Sys.call(call, p.address()), call == Nr.CHROOT ? "chroot" : "chdir", path);
      if (call == Nr.CHROOT) {
        MemorySegment root = arena.allocateFrom("/");
        Sys.check(Sys.call(Nr.CHDIR, root.address()), "chdir", "/");
      }
    }
  }

  private static void own(Fd file, UnixSocket image) {
    try (Arena arena = Arena.ofConfined()) {
      long path = arena.allocateFrom(file.path()).address();
      Sys.check(Sys.call(Nr.CHOWN, path, image.getOwner(), image.getGroup()), "chown", file.path());
      Sys.check(Sys.call(Nr.CHMOD, path, image.getMode()), "chmod", file.path());
    }
  }

  /** The file, for connect(2) by way of {@link #address}. */
  Fd file() {
    return Fd.open(made.toString(), Fd.O_PATH);
  }

  /** Address of a socket's file that is open here. */
  static byte[] address(Fd file) {
    byte[] path = file.path().getBytes(StandardCharsets.UTF_8);
    byte[] address = new byte[ADDRESS_FAMILY + path.length + 1];
    address[0] = Socket.AF_UNIX;
    System.arraycopy(path, 0, address, ADDRESS_FAMILY, path.length);
    return address.length > LONGEST ? Arrays.copyOf(address, LONGEST) : address;
  }

  /** Puts the file where the program left it, in the place of the source's. */
  void commit() {
    try {
      if (!image.getDeleted() && !image.getPath().isEmpty()) {
        Files.move(
            made,
            Path.of(image.getPath().toStringUtf8()),
            java.nio.file.StandardCopyOption.ATOMIC_MOVE,
            java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      throw new LinuxException("rename", Errno.ENOENT, image.getPath().toStringUtf8(), e);
    } finally {
      discard();
    }
  }

  /** Removes what was made. */
  void discard() {
    try (var all = Files.walk(directory)) {
      List<Path> paths = all.sorted(Comparator.reverseOrder()).toList();
      for (Path p : paths) {
        Files.deleteIfExists(p);
      }
    } catch (NoSuchFileException e) {
      // Discarded before.
      return;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether two sockets have the same name; null for none. */
  static boolean same(@Nullable UnixSocket a, UnixSocket b) {
    return a != null && a.getName().equals(b.getName()) && a.getPath().equals(b.getPath());
  }
}
