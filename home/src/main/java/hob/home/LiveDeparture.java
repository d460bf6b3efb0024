package hob.home;

import hob.image.Capture;
import hob.image.Pages;
import hob.image.RefusedException;
import hob.image.Shadow;
import hob.image.proto.TreeOutline;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A {@link Departure} of live processes: from home, or from a sandbox. */
final class LiveDeparture implements Departure {
  private final LocalSession session;
  private final String home;
  private final long incarnation;
  private final TreeOutline outline;
  private @Nullable Capture capture;
  private @Nullable Pages pages;
  private boolean over;

  LiveDeparture(LocalSession session, String self, long incarnation) {
    this.session = session;
    this.home = session.id().home();
    this.incarnation = incarnation;
    this.outline =
        session
            .tracer()
            .call(() -> {
              int next = session.leasedFrom;
              Sandbox s = session.sandbox;
              if (s != null) {
                s.init().unpark();
                next = 1 + Sandbox.readNumber(s.init(), "/proc/sys/kernel/ns_last_pid");
                s.init().park();
              }
              return Outlines.of(session.tree(), home, session.leasedFrom, next);
            });
  }

  @Override
  public TreeOutline outline() {
    return outline;
  }

  @Override
  public byte[] freeze() throws MoveRefusedException {
    try {
      Capture c =
          session
              .tracer()
              .call(() -> {
                session.busy = true;
                try {
                  Capture made =
                      Capture.freeze(
                          session.tracer(),
                          session::tree,
                          home,
                          outline.getOutsideList(),
                          session.streams());
                  session.streams().flush();
                  return made;
                } catch (RefusedException | RuntimeException e) {
                  session.settled();
                  throw e;
                }
              });
      capture = c;
      pages = c.pages();
      return c.image().toByteArray();
    } catch (IllegalStateException e) {
      if (e.getCause() instanceof RefusedException r) {
        throw new MoveRefusedException(r.refusals());
      }
      throw e;
    }
  }

  private Capture capture() {
    return Objects.requireNonNull(capture, "not frozen");
  }

  @Override
  public long frozenAtNanos() {
    return capture().frozenAtNanos();
  }

  @Override
  public long pageBytes() {
    return Objects.requireNonNull(pages).bytes();
  }

  @Override
  public void read(long offset, MemorySegment into) {
    Objects.requireNonNull(pages).read(offset, into);
  }

  @Override
  public void holdInDoubt() {
    session
        .tracer()
        .call(() -> {
          before = session.role;
          session.role = LocalSession.Role.DOUBT_SOURCE;
          noteProcesses();
          session.save();
          capture().holdInDoubt();
          return null;
        });
  }

  private LocalSession.Role before = LocalSession.Role.RESIDENT;

  /** At home the tree's processes are not known yet: they are what a new daemon must find. */
  private void noteProcesses() {
    if (session.sandbox == null) {
      var images = capture().image().getProcessesList();
      for (int i = 0; i < capture().pids().size(); i++) {
        session.hostPids.put(images.get(i).getPid(), capture().pids().get(i));
      }
    }
  }

  @Override
  public void resume() {
    if (over) {
      return;
    }
    over = true;
    session
        .tracer()
        .call(() -> {
          if (capture != null) {
            session.streams().resumeHere();
            if (session.role == LocalSession.Role.DOUBT_SOURCE) {
              session.role = before;
            }
            capture().resume();
          }
          if (session.sandbox == null) {
            session.hostPids.clear();
          }
          session.settled();
          if (session.sandbox != null || session.incarnation > 0) {
            session.save();
          }
          return null;
        });
  }

  @Override
  public void leave(String target) {
    over = true;
    session
        .tracer()
        .call(() -> {
          session.incarnation = incarnation;
          session.location = target;
          if (session.atHome()) {
            becomeShadows();
          } else {
            session.returnHeld();
            session.unwatchForeign();
            capture().destroy();
            session.leaveSandbox();
            session.end();
          }
          return null;
        });
  }

  private void becomeShadows() {
    session.streams().take(capture().externals());
    var made = Shadow.of(capture());
    session.hostPids.clear();
    session.role = LocalSession.Role.SHADOWS;
    session.busy = false;
    session.watchShadows(made);
    session.save();
    session.settled();
  }

  @Override
  public void close() {
    resume();
  }
}
