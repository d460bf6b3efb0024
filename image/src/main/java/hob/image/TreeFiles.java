package hob.image;

import hob.image.proto.OpenFile;
import hob.image.proto.Pipe;
import hob.image.proto.TreeImage;
import hob.linux.Fd;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The open file descriptions and shared memories of an image, opened by the daemon when first asked
 * for. Tracer's thread.
 */
final class TreeFiles implements AutoCloseable {
  /** Gives the real end or the stand-in of a stream. */
  interface Streams {
    Fd open(OpenFile file);
  }

  /** Flags of open(2) that act once and must not act again. */
  static final int ONLY_ONCE = Fd.O_CREAT | Fd.O_EXCL | Fd.O_TRUNC;

  private final TreeImage image;
  private final Streams streams;
  private final Map<Integer, Fd> open = new HashMap<>();
  private final Map<Integer, Fd> shared = new HashMap<>();
  private final Map<Integer, Fd[]> pipes = new HashMap<>();

  TreeFiles(TreeImage image, Streams streams) {
    this.image = image;
    this.streams = streams;
  }

  /** A file of the image. */
  Fd open(int index) {
    Fd known = open.get(index);
    if (known == null) {
      OpenFile f = image.getFiles(index);
      known = FileKinds.of(f).open(f, this);
      open.put(index, known);
    }
    return known;
  }

  /** Its name. */
  String path(int index) {
    return image.getFiles(index).getPath().toString(StandardCharsets.UTF_8);
  }

  /** A file of the image. */
  OpenFile image(int index) {
    return image.getFiles(index);
  }

  /** The real end or the stand-in of a stream. */
  Fd stream(OpenFile f) {
    return streams.open(f);
  }

  /** Both ends of a pipe of the image, filled. */
  Fd[] pipe(int index) {
    return pipes.computeIfAbsent(
        index,
        i -> {
          Pipe p = image.getPipes(i);
          Fd[] made = Fd.pipe(0);
          PipeContents.fill(made[1], p);
          return made;
        });
  }

  /** Shared memory; the first process that needs it makes it. */
  Fd shared(int index, Rebuild first) {
    return shared.computeIfAbsent(index, i -> first.makeShared(image.getSharedMemory(i).getSize()));
  }

  /** Shared memory that exists already. */
  Fd shared(int index) {
    Fd fd = shared.get(index);
    if (fd == null) {
      throw new IllegalStateException("no process maps shared memory " + index);
    }
    return fd;
  }

  @Override
  public void close() {
    List<Fd> all = new ArrayList<>(open.values());
    all.addAll(shared.values());
    pipes.values().forEach(p -> all.addAll(List.of(p)));
    Fd.closeAll(all);
  }
}
