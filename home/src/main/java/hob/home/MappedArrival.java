package hob.home;

import hob.image.Pages;
import hob.image.RefusedException;
import hob.image.Restore;
import hob.image.Vessel;
import hob.image.proto.ProcessImage;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An {@link Arrival} of live processes: what those at home and in sandboxes have in common. */
abstract class MappedArrival implements Arrival {
  protected final LocalSession session;
  private final byte[] sourceVdso;
  private @Nullable Restore restore;
  private @Nullable Pages pages;
  private long resumedAtNanos;
  private boolean over;

  MappedArrival(LocalSession session, TreeOutline outline) {
    this.session = session;
    this.sourceVdso = outline.getVdso().toByteArray();
  }

  /** Prepares the processes of {@code image}. Tracer's thread. */
  protected abstract void lay(TreeImage image) throws RefusedException;

  /** What {@link #lay} has to wait for. Any thread. */
  protected void beforeLay() {}

  /** After the first instructions may have run. Tracer's thread. */
  protected abstract void resumed(TreeImage image);

  /** Nothing of the tree is to stay here; its files and streams are closed. Tracer's thread. */
  protected abstract void undo();

  @Override
  public final void map(byte[] bytes) {
    TreeImage image = Outlines.sound(bytes);
    beforeLay();
    session
        .tracer()
        .call(() -> {
          lay(image);
          return null;
        });
  }

  /**
   * Lays out the address spaces and tells a later daemon what arrives. Tracer's thread; part of
   * {@link #lay}.
   */
  protected final void mapInto(Map<Integer, Vessel> vessels, TreeImage image)
      throws RefusedException {
    Restore r = new Restore(image, vessels, session.streams(), sourceVdso);
    restore = r;
    image.getProcessesList().stream()
        .filter(ProcessImage::getStopped)
        .forEach(p -> session.userStopped.add(p.getPid()));
    knowMasks(vessels, image);
    expect(vessels);
    pages = r.map();
  }

  protected final void knowMasks(Map<Integer, Vessel> vessels, TreeImage image) {
    for (ProcessImage p : image.getProcessesList()) {
      Vessel v = vessels.get(p.getPid());
      if (v != null && !p.getZombie()) {
        session.knowMask(v.pid(), p.getThreads(0).getMask());
      }
    }
  }

  /** Tells a later daemon what arrives. Tracer's thread. */
  protected final void expect(Map<Integer, Vessel> vessels) {
    vessels.forEach((pid, vessel) -> session.hostPids.put(pid, vessel.pid()));
    session.role = LocalSession.Role.DOUBT_TARGET;
    session.save();
  }

  protected final Restore restore() {
    return Objects.requireNonNull(restore, "not mapped");
  }

  @Override
  public final long pageBytes() {
    return Objects.requireNonNull(pages).bytes();
  }

  @Override
  public final void write(long offset, MemorySegment from) {
    Objects.requireNonNull(pages).write(offset, from);
  }

  @Override
  public final void resume() {
    over = true;
    session
        .tracer()
        .run(() -> {
          restore().resume();
          resumedAtNanos = System.nanoTime();
          session.streams().started();
          resumed(restore().image());
        });
  }

  @Override
  public final long resumedAtNanos() {
    return resumedAtNanos;
  }

  @Override
  public final void destroy() {
    if (over) {
      return;
    }
    over = true;
    session
        .tracer()
        .run(() -> {
          if (restore != null) {
            restore.closeFiles();
          }
          session.streams().abandonArrival();
          undo();
        });
  }

  @Override
  public final void close() {
    destroy();
  }
}
