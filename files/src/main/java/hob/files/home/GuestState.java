package hob.files.home;

import hob.linux.DescriptorQueue;
import hob.linux.Fd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a guest needs so that the next program can serve it on: what its kernel knows, in a file;
 * what it was answered, in memory; and descriptors. Somebody else must {@linkplain #kept keep} what
 * is no file with a name.
 */
public final class GuestState {
  private final Vault vault;
  private final Answers answers;
  private final @Nullable NodeFile nodes;
  private final List<Fd> kept;

  private GuestState(Vault vault, Answers answers, @Nullable NodeFile nodes, List<Fd> kept) {
    this.vault = vault;
    this.answers = answers;
    this.nodes = nodes;
    this.kept = kept;
  }

  /** That of a guest which ends with this program. */
  static GuestState none() {
    return new GuestState(new Vault(null), new Answers(), null, List.of());
  }

  /**
   * That of a new guest.
   *
   * @param file where what its kernel knows will be; an old one is overwritten
   * @throws hob.linux.LinuxException ENOSPC and kin when the file cannot be made
   */
  public static GuestState create(Path file) {
    NodeFile nodes = NodeFile.create(file);
    DescriptorQueue queue = DescriptorQueue.create();
    Fd memory = Fd.memfd("hob-answers", 0);
    memory.truncate(Answers.BYTES);
    return new GuestState(
        new Vault(queue),
        new Answers(map(memory)),
        nodes,
        List.of(queue.ends().getFirst(), queue.ends().getLast(), memory));
  }

  /**
   * That of a guest which an earlier program served.
   *
   * @param kept as {@link #kept} said then
   * @throws UncheckedIOException when there is no such file
   */
  public static GuestState takeUp(Path file, List<Fd> kept) {
    if (!Files.exists(file)) {
      throw new UncheckedIOException(new IOException("there is no file " + file));
    }
    return new GuestState(
        new Vault(DescriptorQueue.of(kept.get(0), kept.get(1))),
        new Answers(map(kept.get(2))),
        NodeFile.open(file),
        kept);
  }

  private static MemorySegment map(Fd memory) {
    try (FileChannel channel =
        FileChannel.open(
            Path.of(memory.path()), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, Answers.BYTES, Arena.ofAuto());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The descriptors that must stay open somewhere. */
  public List<Fd> kept() {
    return kept;
  }

  Vault vault() {
    return vault;
  }

  Answers answers() {
    return answers;
  }

  @Nullable NodeFile nodes() {
    return nodes;
  }

  /** The guest has gone. */
  void close() {
    Fd.closeAll(kept);
  }
}
