package hob.policy;

/**
 * A pattern for programs, with {@code *} for any characters. One with a slash is for the whole
 * path, one without for the last part of it.
 */
final class Pattern {
  private final boolean wholePath;
  private final java.util.regex.Pattern regex;

  Pattern(String text) {
    wholePath = text.indexOf('/') >= 0;
    StringBuilder b = new StringBuilder();
    for (String part : text.split("\\*", -1)) {
      b.append(b.isEmpty() ? "" : ".*").append(part.isEmpty() ? "(?:)" : quote(part));
    }
    regex = java.util.regex.Pattern.compile(b.toString(), java.util.regex.Pattern.DOTALL);
  }

  private static String quote(String part) {
    return java.util.regex.Pattern.quote(part);
  }

  boolean matches(String path) {
    return regex.matcher(wholePath ? path : path.substring(path.lastIndexOf('/') + 1)).matches();
  }
}
