package hob.image.format;

import hob.image.proto.OpenFile;
import hob.image.proto.PageRun;
import hob.image.proto.ProcessImage;
import hob.image.proto.TreeImage;
import hob.image.proto.TreeOutline;
import hob.image.proto.Vma;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.channels.Channels;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * Any bytes are an image whose parts fit together, or an {@link ImageException}. A file written
 * from such an image gives the same image back.
 */
public final class TreeImageFuzzer {
  private static final int MOST_PAGE_BYTES = 1 << 16;

  private TreeImageFuzzer() {}

  public static void fuzzerTestOneInput(byte[] data) throws IOException {
    try {
      TreeImages.parseOutline(data);
    } catch (ImageException _) {
      // Refused, as it should be.
    }
    TreeImage image;
    try {
      image = TreeImages.parse(data);
    } catch (ImageException _) {
      return;
    }
    if (follow(image).contains(null)) {
      throw new AssertionError("a reference to nothing");
    }
    long pages = image.getPageRunsList().stream().mapToLong(PageRun::getLength).sum();
    if (pages <= MOST_PAGE_BYTES) {
      TreeOutline outline = Samples.outline();
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ImageFileWriter.write(
          Channels.newChannel(out),
          outline,
          image,
          (at, into) -> into.fill((byte) at),
          Instant.EPOCH);
      try (ImageFile file = ImageFile.open(new MemoryChannel(out.toByteArray()))) {
        file.verify();
        if (!file.image().equals(image) || !file.outline().equals(outline)) {
          throw new AssertionError("another image came back");
        }
      }
    }
  }

  /** As a restore does: every reference leads to something. */
  private static List<Object> follow(TreeImage image) {
    List<Object> found = new ArrayList<>();
    for (ProcessImage p : image.getProcessesList()) {
      if (p.getZombie()) {
        continue;
      }
      found.add(image.getFiles(p.getFs().getCwdFile()));
      p.getDescriptorsList().forEach(d -> found.add(image.getFiles(d.getFile())));
      p.getThreadsList().forEach(t -> found.add(t.getRegisters(26)));
      for (Vma v : p.getMemory().getVmasList()) {
        if (v.getFile() != 0) {
          found.add(image.getFiles(v.getFile() - 1));
        }
        if (v.getSharedMemory() != 0) {
          found.add(image.getSharedMemory(v.getSharedMemory() - 1));
        }
        found.add(Math.addExact(v.getStart(), v.getLength()));
      }
    }
    for (OpenFile f : image.getFilesList()) {
      if (f.getKind() == OpenFile.Kind.PIPE) {
        found.add(image.getPipes(f.getPipe()));
      }
      if (f.getInode() != 0) {
        found.add(image.getInodes(f.getInode() - 1).getNames(f.getInodeName()));
      }
    }
    return found;
  }
}
