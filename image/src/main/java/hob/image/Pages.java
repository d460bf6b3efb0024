package hob.image;

import hob.image.proto.PageRun;
import hob.linux.Fd;
import hob.linux.Nr;
import hob.linux.ProcessMemory;
import hob.linux.Sys;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The page contents of a tree as one linear space: the runs of the image one after the other. Any
 * thread may read or write any part of it; the processes must stand still and be mapped.
 */
public final class Pages implements AutoCloseable {
  /** Access to one run's process or shared memory. */
  interface Place {
    void read(long at, MemorySegment into);

    void write(long at, MemorySegment from);
  }

  private final List<PageRun> runs;
  private final long[] starts;
  private final List<Place> places;
  private final List<Fd> open;
  private final long bytes;

  /**
   * A page space.
   *
   * @param places one for each run
   * @param open descriptors to close with it
   */
  Pages(List<PageRun> runs, List<Place> places, List<Fd> open) {
    this.runs = runs;
    this.places = places;
    this.open = open;
    starts = new long[runs.size()];
    long at = 0;
    for (int i = 0; i < starts.length; i++) {
      starts[i] = at;
      at += runs.get(i).getLength();
    }
    bytes = at;
  }

  /** Length of the space. */
  public long bytes() {
    return bytes;
  }

  /** Fills {@code into} from {@code offset}. */
  public void read(long offset, MemorySegment into) {
    each(offset, into, Place::read);
  }

  /** Puts {@code from} at {@code offset}. */
  public void write(long offset, MemorySegment from) {
    each(offset, from, Place::write);
  }

  private interface Action {
    void on(Place place, long at, MemorySegment part);
  }

  private void each(long offset, MemorySegment segment, Action action) {
    if (offset < 0 || offset + segment.byteSize() > bytes) {
      throw new IndexOutOfBoundsException(
          "pages " + offset + "+" + segment.byteSize() + " of " + bytes);
    }
    int i = java.util.Arrays.binarySearch(starts, offset);
    // Runs are never empty, so a start occurs once.
    i = i < 0 ? -i - 2 : i;
    for (long done = 0; done < segment.byteSize(); i++) {
      long within = offset + done - starts[i];
      long n = Math.min(segment.byteSize() - done, runs.get(i).getLength() - within);
      action.on(places.get(i), runs.get(i).getStart() + within, segment.asSlice(done, n));
      done += n;
    }
  }

  /** A process's private memory whose protection lets it be read and written as it is. */
  record OrdinaryPlace(int pid) implements Place {
    @Override
    public void read(long at, MemorySegment into) {
      ProcessMemory.read(pid, at, into);
    }

    @Override
    public void write(long at, MemorySegment from) {
      ProcessMemory.write(pid, at, from);
    }
  }

  /** A process's private memory without read or write permission. */
  record ForcedPlace(Fd mem) implements Place {
    @Override
    public void read(long at, MemorySegment into) {
      ProcessMemory.readForced(mem, at, into);
    }

    @Override
    public void write(long at, MemorySegment from) {
      ProcessMemory.writeForced(mem, at, from);
    }
  }

  /** Shared memory as a file. */
  record SharedPlace(Fd file) implements Place {
    @Override
    public void read(long at, MemorySegment into) {
      ProcessMemory.readForced(file, at, into);
    }

    @Override
    public void write(long at, MemorySegment from) {
      ProcessMemory.writeForced(file, at, from);
    }
  }

  /** Runs of data in a shared memory file, by SEEK_DATA and SEEK_HOLE. */
  static void dataRuns(Fd file, long size, hob.linux.PageMap.RangeSink sink) {
    final int seekData = 3;
    final int seekHole = 4;
    long at = 0;
    while (at < size) {
      long data = Sys.call(Nr.LSEEK, file.number(), at, seekData);
      if (Sys.failed(data) || data >= size) {
        return;
      }
      long hole =
          Math.min(
              size,
              Sys.check(Sys.call(Nr.LSEEK, file.number(), data, seekHole), "lseek", "SEEK_HOLE"));
      sink.range(data, hole);
      at = hole;
    }
  }

  @Override
  public void close() {
    Fd.closeAll(open);
  }
}
