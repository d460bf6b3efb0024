package hob.image;

import hob.image.proto.Descriptor;
import hob.image.proto.OpenFile;
import hob.image.proto.ProcessImage;
import hob.linux.Fd;
import org.jspecify.annotations.Nullable;

/**
 * One kind of open file: how its description is put into an image and made again. Adding a kind is
 * adding a class, an entry of {@link FileKinds#ALL} and a value of {@code OpenFile.Kind} with a
 * message of its own where it has state. Stateless; the tracer's thread.
 */
interface FileKind {
  /** Its value in the image. */
  OpenFile.Kind kind();

  /**
   * Whether a descriptor leads to a file of this kind. Kinds are asked in order; the first that
   * says yes has it.
   */
  boolean matches(ProcessFacts.FdFacts d);

  /**
   * Why such a file cannot move now: the rest of a sentence that begins "descriptor 5 ..."; null
   * when it can.
   */
  @Nullable String pin(ProcessFacts.FdFacts d);

  /**
   * Puts the description into the image; flags and position are there already. The process stands
   * still.
   */
  void describe(FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out);

  /** Makes the description again, in the daemon; it is sent to every process that has it. */
  Fd open(OpenFile f, TreeFiles tree);

  /**
   * What only the process itself can do for a descriptor, once all of its descriptors are in place
   * (locks that it owns, members of an epoll set). Runs in the leader.
   */
  default void inProcess(Rebuild r, ProcessImage image, Descriptor d, OpenFile f, Batch batch) {}
}
