package hob.daemon.log;

import java.io.IOException;
import java.lang.System.Logger;
import java.nio.file.Path;
import java.text.MessageFormat;
import java.util.ResourceBundle;
import org.jspecify.annotations.Nullable;

/** Found by the JDK as a service. Drops everything until {@link #open}. */
public final class LineLoggerFinder extends System.LoggerFinder {
  // The JDK makes the one instance, so that what is opened has to be static.
  private static volatile @Nullable LogFile file;
  private static volatile Logger.Level least = Logger.Level.OFF;

  /** Called by the JDK. */
  public LineLoggerFinder() {}

  /**
   * Sends what follows to a file.
   *
   * @param path empty for the standard error
   * @param from the least level that is kept
   */
  public static void open(Path path, Logger.Level from) throws IOException {
    file = path.toString().isEmpty() ? LogFile.standardError() : LogFile.open(path);
    least = from;
  }

  @Override
  public Logger getLogger(String name, Module module) {
    return new LineLogger(name.substring(name.lastIndexOf('.') + 1), name.startsWith("hob."));
  }

  /** The JDK's own accounts are of interest only when something is wrong. */
  private record LineLogger(String name, boolean own) implements Logger {
    @Override
    public String getName() {
      return name;
    }

    @Override
    public boolean isLoggable(Level level) {
      return level.compareTo(least) >= 0 && (own || level.compareTo(Level.WARNING) >= 0);
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String message,
        @Nullable Throwable thrown) {
      LogFile to = file;
      if (isLoggable(level) && to != null) {
        to.write(level, name, String.valueOf(message), thrown);
      }
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String format,
        @Nullable Object... parameters) {
      if (isLoggable(level)) {
        String text = String.valueOf(format);
        log(
            level,
            bundle,
            parameters == null || parameters.length == 0
                ? text
                : MessageFormat.format(text, parameters),
            (Throwable) null);
      }
    }
  }
}
