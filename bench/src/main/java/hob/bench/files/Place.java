package hob.bench.files;

import hob.linux.Fd;
import hob.linux.LinuxException;
import hob.linux.Nr;
import hob.linux.Sys;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * One view of the same directory: the home's own, or a foreign host's. What it does to files are
 * system calls in native code, even to mappings: a page fault of this program's own code would keep
 * the collector from running while a mount that this very program serves fetches the page.
 */
final class Place {
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_SHARED = 1;
  private static final int PAGE = 4096;

  private final String name;
  private final Path directory;

  Place(String name, Path directory) {
    this.name = name;
    this.directory = directory;
  }

  String name() {
    return name;
  }

  boolean isHome() {
    return name.equals("home");
  }

  private Path at(String file) {
    return directory.resolve(file);
  }

  /** The text of a file; "absent" if there is none. */
  String read(String file) {
    try {
      return Files.readString(at(file), StandardCharsets.ISO_8859_1);
    } catch (NoSuchFileException _) {
      return "absent";
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** Size, mode, links and time of change of the contents; "absent" if there is none. */
  String stat(String file) {
    try {
      Map<String, Object> a =
          Files.readAttributes(
              at(file), "unix:size,mode,nlink,lastModifiedTime", LinkOption.NOFOLLOW_LINKS);
      return "%s %s %s %s"
          .formatted(a.get("size"), a.get("mode"), a.get("nlink"), a.get("lastModifiedTime"));
    } catch (NoSuchFileException _) {
      return "absent";
    } catch (IOException e) {
      return e.toString();
    }
  }

  boolean isRegular(String file) {
    return Files.isRegularFile(at(file), LinkOption.NOFOLLOW_LINKS);
  }

  /** The target of a symbolic link. */
  String target(String file) {
    try {
      return Files.readSymbolicLink(at(file)).toString();
    } catch (IOException e) {
      return "absent";
    }
  }

  /** The names that begin with {@code prefix}. */
  Set<String> list(String prefix) {
    Set<String> names = new TreeSet<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(directory, prefix + "*")) {
      for (Path each : all) {
        names.add(String.valueOf(each.getFileName()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return names;
  }

  void write(String file, String text) throws IOException {
    Files.writeString(at(file), text, StandardCharsets.ISO_8859_1);
  }

  /** Over what is there, without truncating it. */
  void overwrite(String file, String text) throws IOException {
    Files.writeString(at(file), text, StandardCharsets.ISO_8859_1, StandardOpenOption.WRITE);
  }

  void append(String file, String text) throws IOException {
    Files.writeString(at(file), text, StandardCharsets.ISO_8859_1, StandardOpenOption.APPEND);
  }

  void truncate(String file, long size) throws IOException {
    try (var channel = Files.newByteChannel(at(file), StandardOpenOption.WRITE)) {
      channel.truncate(size);
    }
  }

  void delete(String file) throws IOException {
    Files.deleteIfExists(at(file));
  }

  void rename(String from, String to) throws IOException {
    Files.move(at(from), at(to), StandardCopyOption.ATOMIC_MOVE);
  }

  void link(String file, String more) throws IOException {
    Files.createLink(at(more), at(file));
  }

  void symlink(String target, String file) throws IOException {
    Files.createSymbolicLink(at(file), Path.of(target));
  }

  void chmod(String file, String mode) throws IOException {
    Files.setPosixFilePermissions(at(file), PosixFilePermissions.fromString(mode));
  }

  /** The first bytes of a file through a mapping; the error's text if that fails. */
  String map(String file, int bytes) {
    try (Mapping mapping = new Mapping(file)) {
      return mapping.read(bytes);
    } catch (LinuxException e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** A mapping of the first page of a file; lives until closed. */
  final class Mapping implements AutoCloseable {
    private final long address;

    Mapping(String file) {
      try (Fd fd = Fd.open(at(file).toString(), Fd.O_RDWR)) {
        address =
            Sys.check(
                Sys.call(Nr.MMAP, 0, PAGE, PROT_READ_WRITE, MAP_SHARED, fd.number(), 0), "mmap");
      }
    }

    /** The first bytes, through the mapping. */
    String read(int bytes) {
      try (Fd file = Fd.memfd("place", 0);
          Arena arena = Arena.ofConfined()) {
        MemorySegment copy = arena.allocate(bytes);
        Sys.check(Sys.call(Nr.PWRITE64, file.number(), address, bytes, 0), "pwrite64");
        Sys.check(Sys.call(Nr.PREAD64, file.number(), copy.address(), bytes, 0), "pread64");
        return new String(copy.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
      }
    }

    /** Stores bytes into the mapping. */
    void store(String text) {
      try (Fd file = Fd.memfd("place", 0)) {
        file.writeAll(text.getBytes(StandardCharsets.ISO_8859_1));
        Sys.check(Sys.call(Nr.PREAD64, file.number(), address, text.length(), 0), "pread64");
      }
    }

    @Override
    public void close() {
      Sys.call(Nr.MUNMAP, address, PAGE);
    }
  }
}
