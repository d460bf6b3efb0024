package hob.image;

import hob.image.proto.ProcessImage;
import hob.image.proto.ThreadState;
import java.util.List;

/**
 * One kind of process state: Sprite's callback table, an entry a kind. The migration code calls
 * every module in the order of {@link StateModules#ALL} and knows nothing of what they do.
 *
 * <p>All calls come from the tracer's thread. Modules are stateless; what they find out goes into
 * the image.
 */
interface StateModule {
  /** Short name, in messages and measurements. */
  String name();

  /** May the process move? Adds every reason why not. The process runs. */
  default void check(ProcessFacts p, List<Refusal> out) {}

  /** Whether it may have what only a tracer is told: then {@link #examine} is called as well. */
  default boolean suspect(ProcessFacts p) {
    return false;
  }

  /**
   * May a process move that stands still for this question? Adds every reason why not.
   *
   * @param batch calls that run in thread {@code t}; their callbacks may add reasons too
   */
  default void examine(FrozenProcess p, FrozenThread t, Batch batch, List<Refusal> out) {}

  /**
   * Puts the state of a stopped process into the image. Calls added to {@code batch} run in its
   * leader, their callbacks after all modules have been called.
   */
  default void encapsulate(
      FrozenProcess p, Batch batch, Collection tree, ProcessImage.Builder out) {}

  /** Puts the state of one stopped thread into the image. */
  default void encapsulateThread(
      FrozenProcess p, FrozenThread t, Batch batch, ThreadState.Builder out) {}

  /**
   * Adds the calls that rebuild the state in a process whose memory is in place; they run in its
   * leader.
   */
  default void deencapsulate(Rebuild r, ProcessImage image, Batch batch) {}

  /**
   * Adds the calls that rebuild the state of one thread; they run in that thread, after the
   * process's own.
   */
  default void deencapsulateThread(
      Rebuild r, ProcessImage image, ThreadState thread, Batch batch) {}
}
