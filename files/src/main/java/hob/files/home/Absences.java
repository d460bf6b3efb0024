package hob.files.home;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The names of which a guest was last told that there is nothing. Nobody else remembers them: there
 * is no node. So many as this remembers may be cached abroad; the oldest is given up for the next.
 * Guarded by the guest's {@link NodeTable}.
 */
final class Absences {
  private static final int MOST = 1 << 16;

  /**
   * A name in a directory.
   *
   * @param name its bytes as ISO 8859-1
   */
  record Name(long directory, String name) {
    static Name of(long directory, byte[] name) {
      return new Name(directory, new String(name, StandardCharsets.ISO_8859_1));
    }

    byte[] bytes() {
      return name.getBytes(StandardCharsets.ISO_8859_1);
    }
  }

  /** With where each is in the {@link NodeFile}, if there is one. */
  private final Map<Name, Long> names = new LinkedHashMap<>();

  boolean contains(Name name) {
    return names.containsKey(name);
  }

  /** Adds one; the one that is given up for it, and where that is, or null. */
  Map.@Nullable Entry<Name, Long> add(Name name, long record) {
    names.put(name, record);
    if (names.size() <= MOST) {
      return null;
    }
    Map.Entry<Name, Long> oldest =
        Map.entry(
            names.entrySet().iterator().next().getKey(),
            names.entrySet().iterator().next().getValue());
    names.remove(oldest.getKey());
    return oldest;
  }

  /** It is somewhere else now. */
  void moved(Name name, long record) {
    names.replace(name, record);
  }

  /** All. */
  List<Name> all() {
    return List.copyOf(names.keySet());
  }

  /** Where all are; the guest need not be told of them any more. */
  List<Map.Entry<Name, Long>> clear() {
    List<Map.Entry<Name, Long>> all =
        names.entrySet().stream().map(e -> Map.entry(e.getKey(), e.getValue())).toList();
    names.clear();
    return all;
  }
}
