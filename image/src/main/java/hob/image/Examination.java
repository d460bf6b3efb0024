package hob.image;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * What only a tracer is told, asked of the processes of which /proc says that there may be
 * something. Each stands still for a few milliseconds, by a tracer of its own, and goes on as if
 * nothing had been.
 */
final class Examination {
  private final List<Refusal> out = new ArrayList<>();

  private Examination() {}

  /** All reasons that are found. */
  static List<Refusal> of(List<ProcessFacts> suspects) {
    Examination e = new Examination();
    // One that is traced already, perhaps by this daemon, is left alone.
    List<ProcessFacts> free = suspects.stream().filter(p -> !p.traced()).toList();
    if (!free.isEmpty()) {
      try (Tracer tracer = new Tracer("examination")) {
        free.forEach(p -> tracer.run(() -> e.examine(tracer, p.process())));
      }
    }
    return e.out;
  }

  private void examine(Tracer tracer, int pid) {
    Sleeps sleeps = new Sleeps();
    sleeps.note(pid);
    Freezer.FrozenForest forest;
    try {
      forest = new Freezer(tracer, () -> List.of(pid), Set.of()).freeze();
    } catch (RefusedException e) {
      out.addAll(e.refusals());
      return;
    }
    try {
      forest.processes().forEach(this::examine);
    } catch (Collection.Refused e) {
      out.add(e.refusal());
    } finally {
      Capture.resume(forest.processes(), sleeps);
    }
  }

  private void examine(FrozenProcess p) {
    Visit.of(
        p,
        hole -> {
          for (FrozenThread t : p.threads()) {
            Batch batch = new Batch(t.tracee(), p.pid(), hole);
            StateModules.ALL.forEach(m -> m.examine(p, t, batch, out));
            batch.run();
          }
        });
  }
}
