package hob.image;

import java.util.OptionalLong;

/**
 * Signal masks of processes while Hob has set others for a moment, kept where the next daemon finds
 * them. Used on the tracer's thread.
 */
public interface Masks {
  /** The mask of a process's leader as it was noted; {@code pid} is the host's. */
  OptionalLong noted(int pid);

  /** Returns when a later daemon will know. */
  void note(int pid, long mask);
}
