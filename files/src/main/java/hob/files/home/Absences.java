package hob.files.home;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The names of which a guest was last told that there is nothing. Nobody else remembers them: there
 * is no node. So many as this remembers may be cached abroad; the oldest is given up for the next.
 * Any thread.
 */
final class Absences {
  private static final int MOST = 1 << 16;

  /**
   * A name in a directory.
   *
   * @param name its bytes as ISO 8859-1
   */
  record Name(long directory, String name) {
    byte[] bytes() {
      return name.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    }
  }

  private final Outbox outbox;
  // Guarded by this.
  private final Set<Name> names = new LinkedHashSet<>();

  Absences(Outbox outbox) {
    this.outbox = outbox;
  }

  /** The guest is about to be told that there is nothing of this name. */
  synchronized void add(long directory, byte[] name) {
    Name told = new Name(directory, new String(name, java.nio.charset.StandardCharsets.ISO_8859_1));
    if (names.add(told) && names.size() > MOST) {
      Iterator<Name> oldest = names.iterator();
      Name given = oldest.next();
      oldest.remove();
      outbox.expired(given.directory, given.bytes());
    }
  }

  /** All; the guest need not be told of them any more. */
  synchronized List<Name> clear() {
    List<Name> all = List.copyOf(names);
    names.clear();
    return all;
  }
}
