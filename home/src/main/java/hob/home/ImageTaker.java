package hob.home;

import hob.image.Pages;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import java.io.IOException;
import java.util.List;

/** Takes the image of a tree that stands still meanwhile. */
public interface ImageTaker {
  /**
   * The tree stands still: may it be looked into? On the tracer's thread, before anything else.
   *
   * @param hostPids of all its processes, by their pids in this daemon's /proc
   * @throws MoveRefusedException when not; it runs on
   */
  void permit(List<Integer> hostPids) throws MoveRefusedException;

  /**
   * Takes it; on the thread that asked. Nothing is of use any more once this returns.
   *
   * @throws IOException when it could not be kept; the tree runs on
   */
  void take(TreeOutline outline, TreeImage image, Pages pages) throws IOException;
}
