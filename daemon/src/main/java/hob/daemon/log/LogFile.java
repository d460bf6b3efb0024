package hob.daemon.log;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A file of lines; when it gets long it becomes FILE.1, and that one goes. */
final class LogFile {
  private static final long MOST_BYTES = 32L << 20;
  private static final int MOST_FRAMES = 16;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS", Locale.ROOT)
          .withZone(ZoneId.systemDefault());

  private final @Nullable Path path;
  // Guarded by this.
  private OutputStream out;
  private long size;

  private LogFile(@Nullable Path path, OutputStream out, long size) {
    this.path = path;
    this.out = out;
    this.size = size;
  }

  static LogFile standardError() {
    return new LogFile(null, new FileOutputStream(FileDescriptor.err), 0);
  }

  static LogFile open(Path path) throws IOException {
    Path directory = path.toAbsolutePath().getParent();
    if (directory != null) {
      Files.createDirectories(directory);
    }
    OutputStream out =
        Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    return new LogFile(path, out, Files.size(path));
  }

  void write(System.Logger.Level level, String name, String text, @Nullable Throwable thrown) {
    StringBuilder line = new StringBuilder();
    TIME.formatTo(Instant.now(), line);
    line.append(' ').append(level).append(' ').append(name).append(": ");
    line.append(text.replace('\n', ' ')).append('\n');
    for (Throwable t = thrown; t != null; t = t.getCause()) {
      line.append("    ").append(t).append('\n');
      StackTraceElement[] frames = t.getStackTrace();
      for (int i = 0; i < Math.min(frames.length, MOST_FRAMES); i++) {
        line.append("      at ").append(frames[i]).append('\n');
      }
    }
    append(line.toString().getBytes(StandardCharsets.UTF_8));
  }

  private synchronized void append(byte[] bytes) {
    try {
      if (path != null && size > MOST_BYTES) {
        out.close();
        Files.move(
            path,
            path.resolveSibling(path.getFileName() + ".1"),
            StandardCopyOption.REPLACE_EXISTING);
        out = Files.newOutputStream(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        size = 0;
      }
      out.write(bytes);
      size += bytes.length;
    } catch (IOException _) {
      // There is no place left to complain.
      size = 0;
    }
  }
}
