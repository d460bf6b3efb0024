package hob.image;

import hob.image.proto.OpenFile;
import hob.linux.Fd;
import hob.linux.SystemV;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a host has for a tree that is rebuilt on it. Tracer's thread. */
public interface StreamsHere {
  /** The real end or the stand-in of a stream that leads out of the tree. */
  Fd open(OpenFile file);

  /**
   * The master of the tree's own pseudo-terminal with this number, new or kept for it; the caller
   * closes it.
   *
   * @param number N of /dev/pts/N
   * @return null when another program has that number
   */
  @Nullable Fd master(int number);

  /** System V objects of this host that were the tree's when it left; empty abroad. */
  Set<SystemV.Id> kept();
}
