package hob.home;

import hob.image.Capture;
import hob.image.RefusedException;
import hob.image.TreeWalk;
import hob.image.proto.TreeOutline;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The image of a tree that stays where it is. If the daemon dies meanwhile, the tree runs on by
 * itself.
 */
final class LiveImage {
  private final LocalSession session;
  private final TreeWalk walk;
  private @Nullable Capture capture;

  LiveImage(LocalSession session) {
    this.session = session;
    this.walk = session.walk();
  }

  /**
   * Stops the tree, has its image taken, and lets it run on.
   *
   * @return for how long it stood still, nanoseconds
   */
  long take(ImageTaker taker) throws MoveRefusedException, IOException {
    TreeOutline outline = session.tracer().call(() -> LiveDeparture.describe(session, walk));
    freeze(outline, taker);
    Capture frozen = Objects.requireNonNull(capture);
    try {
      taker.take(outline, frozen.image(), frozen.pages());
    } finally {
      session.tracer().run(this::resume);
    }
    return System.nanoTime() - frozen.frozenAtNanos();
  }

  private void freeze(TreeOutline outline, ImageTaker taker) throws MoveRefusedException {
    try {
      session
          .tracer()
          .call(() -> {
            freezeNow(outline, taker);
            return null;
          });
    } catch (IllegalStateException e) {
      switch (e.getCause()) {
        case RefusedException r -> throw new MoveRefusedException(r.refusals());
        case MoveRefusedException r -> throw r;
        case null, default -> throw e;
      }
    }
  }

  private void freezeNow(TreeOutline outline, ImageTaker taker)
      throws RefusedException, MoveRefusedException {
    session.begin("is moving just now; try again");
    try {
      Capture c =
          Capture.freeze(
              session.tracer(),
              walk,
              session.id().home(),
              outline.getOutsideList(),
              session.streams());
      capture = c;
      taker.permit(List.copyOf(c.pids()));
    } catch (RefusedException | MoveRefusedException | RuntimeException e) {
      resume();
      throw e;
    }
  }

  private void resume() {
    session.streams().resumeHere();
    Capture c = capture;
    if (c != null) {
      c.resume(session.masks());
    }
    session.settled();
  }
}
