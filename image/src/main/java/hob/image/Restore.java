package hob.image;

import hob.image.proto.PageRun;
import hob.image.proto.ProcessImage;
import hob.image.proto.TreeImage;
import hob.linux.Fd;
import hob.linux.Ptrace;
import hob.linux.RootDir;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * The target's half: a tree rebuilt from its image in {@linkplain Vessel vessels}. {@link #map},
 * then the pages, then {@link #prepare}, then {@link #resume} or {@link #destroy}. Only the
 * tracer's thread, except writing pages.
 */
public final class Restore {
  private final TreeImage image;
  private final Map<Integer, Vessel> vessels;
  private final TreeFiles files;
  private boolean still;
  private final List<Rebuild> rebuilds = new ArrayList<>();
  private final List<Integer> threads = new ArrayList<>();

  /**
   * A restore.
   *
   * @param vessels stopped, by pid in the namespace: one for each process of the image
   * @param streams what this host has for the tree
   * @param sourceVdso code of the vdso of the source's kernel; empty: as this host's
   */
  public Restore(
      TreeImage image, Map<Integer, Vessel> vessels, StreamsHere streams, byte[] sourceVdso) {
    this.image = image;
    this.vessels = vessels;
    this.files = new TreeFiles(image, streams, root(vessels), vessels, sourceVdso);
  }

  /** The root of the namespace that the tree lives in here: a shadow may have another. */
  private static RootDir root(Map<Integer, Vessel> vessels) {
    for (Vessel v : vessels.values()) {
      if (Fd.readlink("/proc/" + v.tid() + "/root").equals("/")) {
        return RootDir.of(v.tid());
      }
    }
    return RootDir.own();
  }

  /**
   * Lays out all address spaces.
   *
   * @return where the page contents go
   * @throws RefusedException when the image does not fit this host
   */
  public Pages map() throws RefusedException {
    try {
      for (ProcessImage p : image.getProcessesList()) {
        if (p.getZombie() && vessels.containsKey(p.getPid())) {
          Zombie.make(Objects.requireNonNull(vessels.get(p.getPid())), p);
        }
      }
      TablesMade.verify(image, vessels);
      files.openEarly(Objects.requireNonNull(vessels.get(image.getProcesses(0).getPid())));
      Map<Integer, Integer> mappers = new HashMap<>();
      for (int i = 0; i < image.getProcessesCount(); i++) {
        ProcessImage p = image.getProcesses(i);
        if (!p.getZombie()) {
          Rebuild r = new Rebuild(Objects.requireNonNull(vessels.get(p.getPid())), p, files);
          mappers.put(i, rebuilds.size());
          rebuilds.add(r);
          r.map();
        }
      }
      files.bindPorts();
      List<PageRun> runs = image.getPageRunsList();
      List<Pages.Place> places = new ArrayList<>(runs.size());
      for (PageRun run : runs) {
        places.add(
            run.getInode() != 0
                ? files.remade().place(run.getInode() - 1)
                : run.getSharedMemory() != 0
                    ? new Pages.SharedPlace(files.shared(run.getSharedMemory() - 1))
                    : rebuilds
                        .get(Objects.requireNonNull(mappers.get(run.getProcess())))
                        .place(run.getStart()));
      }
      return new Pages(runs, places, List.of());
    } catch (Collection.Refused e) {
      throw new RefusedException(e.refusal());
    }
  }

  /** Rebuilds all but the contents of pages. A SIGSTOP is pending for each process afterwards. */
  public void prepare() {
    files.remade().settle();
    files.unixPairs(UnixPairs.make(image, rebuilds));
    for (Rebuild r : rebuilds) {
      r.prepare();
      r.threads().forEach(t -> threads.add(t.tid()));
    }
    files.finish();
    files.close();
  }

  /** From now on the tree stays stopped when this daemon dies, and does not die with it. */
  public void holdInDoubt() {
    for (Rebuild r : rebuilds) {
      r.vessel().outlive();
    }
  }

  /** As {@link #holdInDoubt}, whatever signal comes when this daemon is dead. */
  public void standStill() {
    holdInDoubt();
    for (Rebuild r : rebuilds) {
      r.standStill();
    }
    still = true;
  }

  /** Lets the tree run. */
  public void resume() {
    files.commit();
    if (still) {
      places().forEach(Standstill::putBack);
    }
    for (Rebuild r : rebuilds) {
      if (!r.image().getStopped()) {
        Fuse.remove(r.pid(), r.threads().size(), r.leaderMask());
      }
    }
    for (Rebuild r : rebuilds) {
      for (Tracee t : r.threads()) {
        Ptrace.detach(t.tid(), 0);
      }
    }
  }

  /** Where the threads are to go on, of a tree whose thread ids are those of the image. */
  public List<ThreadPlace> places() {
    return image.getProcessesList().stream()
        .filter(p -> !p.getZombie())
        .flatMap(p -> p.getThreadsList().stream())
        .map(t -> new ThreadPlace(t.getTid(), Rebuild.registers(t), t.getMask()))
        .toList();
  }

  /** Lets go of the files of a tree that is given up. */
  public void closeFiles() {
    files.close();
    files.ipc().discard();
    rebuilds.forEach(Rebuild::close);
  }

  /** Ends everything that was made; the vessels with it. */
  public void destroy() {
    files.discard();
    List<Vessel> all = new ArrayList<>(vessels.values());
    for (Vessel v : all.reversed()) {
      v.kill();
    }
  }

  /** Host pids, in the image's order. */
  public List<Integer> pids() {
    return rebuilds.stream().map(r -> r.vessel().pid()).toList();
  }

  /** The image. */
  public TreeImage image() {
    return image;
  }
}
