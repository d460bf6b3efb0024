package hob.migration.journal;

import hob.home.SessionId;
import hob.migration.MoveId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What the lines of a journal add up to. Guarded by the journal's lock. */
final class History {
  /** How many moves a target remembers that it took, per session and in all. */
  private static final int TAKEN_KEPT = 10_000;

  private final Map<SessionId, Entry.Committed> committed = new LinkedHashMap<>();
  private final Map<SessionId, Entry.Begun> open = new LinkedHashMap<>();
  private final Map<SessionId, Long> taken =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<SessionId, Long> eldest) {
          return size() > TAKEN_KEPT;
        }
      };
  private long reserved = 1;
  private @Nullable String bootId;

  void add(Entry entry) {
    switch (entry) {
      case Entry.Begun b -> open.put(b.move().session(), b);
      case Entry.Committed c -> committed.put(c.move().session(), c);
      case Entry.Closed c ->
          open.computeIfPresent(
              c.move().session(),
              (_, b) -> b.move().incarnation() <= c.move().incarnation() ? null : b);
      case Entry.Forgotten f -> {
        committed.remove(f.session());
        open.remove(f.session());
      }
      case Entry.Took t -> taken.merge(t.move().session(), t.move().incarnation(), Math::max);
      case Entry.Reserved r -> reserved = Math.max(reserved, r.limit());
      case Entry.Booted b -> {
        if (!b.bootId().equals(bootId)) {
          committed.clear();
          open.clear();
          taken.clear();
          bootId = b.bootId();
        }
      }
    }
  }

  long reserved() {
    return reserved;
  }

  Optional<String> bootId() {
    return Optional.ofNullable(bootId);
  }

  boolean took(MoveId move) {
    Long incarnation = taken.get(move.session());
    return incarnation != null && incarnation >= move.incarnation();
  }

  Map<SessionId, Entry.Committed> committed() {
    return new HashMap<>(committed);
  }

  Optional<Entry.Committed> committed(SessionId session) {
    return Optional.ofNullable(committed.get(session));
  }

  Map<SessionId, Entry.Begun> open() {
    return new HashMap<>(open);
  }

  /** The fewest entries that add up to this. */
  List<Entry> entries() {
    List<Entry> all = new ArrayList<>();
    if (bootId != null) {
      all.add(new Entry.Booted(bootId));
    }
    all.add(new Entry.Reserved(reserved));
    all.addAll(committed.values());
    all.addAll(open.values());
    taken.forEach((s, n) -> all.add(new Entry.Took(new MoveId(s, n))));
    return all;
  }
}
