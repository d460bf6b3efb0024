package hob.migration.fault;

import java.util.Locale;
import java.util.Optional;

/** Every state of every role, at the moment that it is entered. */
public enum FaultPoint {
  /** The move is journaled; nobody knows of it. */
  HOME_BEGUN,
  /** The source is about to be asked. */
  HOME_ASKING,
  /** The source is ready, the target is about to be asked. */
  HOME_PREPARING,
  /** The target is ready, the source is about to be told to send. */
  HOME_SENDING,
  /** The target has the tree; nothing is decided. */
  HOME_DECIDING,
  /** The move is committed; nobody knows of it. */
  HOME_COMMITTED,
  /** The target runs the tree; the source is about to be told. */
  HOME_LEAVING,
  /** The source gave up its copy; the journal does not say so. */
  HOME_LEFT,
  /** The move is off; the source is about to be told. */
  HOME_STAYING,
  /** The source was asked and has looked at nothing. */
  SOURCE_ASKED,
  /** The tree may move and runs on; the home is about to be told. */
  SOURCE_OFFERED,
  /** The tree is about to be frozen. */
  SOURCE_FREEZING,
  /** It is frozen and captured; not a byte is sent. */
  SOURCE_FROZEN,
  /** All but the last byte is sent. */
  SOURCE_SENDING,
  /** The copy is held in doubt; the last byte is not sent. */
  SOURCE_HOLDING,
  /** All is sent. */
  SOURCE_IN_DOUBT,
  /** The copy is about to be given up. */
  SOURCE_LEAVING,
  /** It is given up; the home does not know. */
  SOURCE_LEFT,
  /** The move is off; the tree is about to run on. */
  SOURCE_STAYING,
  /** The target was asked and has done nothing. */
  TARGET_ASKED,
  /** All is ready for the tree; the home is about to be told. */
  TARGET_READY,
  /** The first bytes are here. */
  TARGET_RECEIVING,
  /** The address spaces are laid out. */
  TARGET_MAPPED,
  /** All bytes are here; the tree is about to be rebuilt. */
  TARGET_FILLED,
  /** It stands ready; the home is about to be told. */
  TARGET_PREPARED,
  /** The home was told. */
  TARGET_IN_DOUBT,
  /** The tree is about to run; the journal says so already. */
  TARGET_RESUMING,
  /** It runs; the home is about to be told. */
  TARGET_RESUMED,
  /** The move is off; the copy is about to be removed. */
  TARGET_DESTROYING;

  /** As users write it, such as {@code target.in-doubt}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replaceFirst("_", ".").replace('_', '-');
  }

  /** The point that {@link #word} names. */
  public static Optional<FaultPoint> of(String word) {
    for (FaultPoint p : values()) {
      if (p.word().equals(word)) {
        return Optional.of(p);
      }
    }
    return Optional.empty();
  }
}
