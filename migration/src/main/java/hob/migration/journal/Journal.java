package hob.migration.journal;

import hob.home.SessionId;
import hob.migration.MoveId;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.SyncFailedException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32C;

/** The journal of one daemon; see the package for what it promises. */
public final class Journal implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Journal.class.getName());
  private static final long COMPACT_BYTES = 4L << 20;
  private static final long RESERVE = 1_000;

  private final Path file;
  private final History history = new History();

  /** No channel: those close when a thread that uses them is interrupted. */
  private RandomAccessFile out;

  private long size;
  private long nextIncarnation;

  private Journal(Path file, RandomAccessFile out) {
    this.file = file;
    this.out = out;
  }

  /**
   * Opens or begins a journal.
   *
   * @param file its directory must be there
   * @param bootId of the running kernel, {@code /proc/sys/kernel/random/boot_id}; sessions that
   *     were written under another one are forgotten
   */
  public static Journal open(Path file, String bootId) throws IOException {
    Journal journal = new Journal(file, new RandomAccessFile(file.toFile(), "rw"));
    journal.replay();
    boolean rebooted = journal.history.bootId().map(b -> !b.equals(bootId)).orElse(true);
    if (rebooted) {
      journal.append(new Entry.Booted(bootId));
    }
    journal.nextIncarnation = journal.history.reserved();
    journal.compact();
    return journal;
  }

  private void replay() throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int start = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == '\n') {
        Optional<Entry> entry = check(new String(bytes, start, i - start, StandardCharsets.UTF_8));
        if (entry.isEmpty()) {
          break;
        }
        history.add(entry.get());
        start = i + 1;
      }
    }
    if (start < bytes.length) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0}: dropped {1} bytes that a crash left behind byte {2}",
          file,
          bytes.length - start,
          start);
      out.setLength(start);
    }
    size = start;
  }

  /** A number larger than all before, also those of earlier boots. */
  public synchronized long newIncarnation() {
    if (nextIncarnation >= history.reserved()) {
      append(new Entry.Reserved(nextIncarnation + RESERVE));
      sync();
    }
    return nextIncarnation++;
  }

  /** Writes an entry; it outlives this process when this returns. */
  public synchronized void append(Entry entry) {
    String text = entry.text();
    byte[] line = "%s %08x\n".formatted(text, checksum(text)).getBytes(StandardCharsets.UTF_8);
    try {
      out.seek(size);
      out.write(line);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the journal " + file, e);
    }
    size += line.length;
    history.add(entry);
    if (size > COMPACT_BYTES) {
      compact();
    }
  }

  /** Brings what was appended to the disk. */
  public void sync() {
    RandomAccessFile current;
    synchronized (this) {
      current = out;
    }
    try {
      current.getFD().sync();
    } catch (SyncFailedException e) {
      synchronized (this) {
        if (current.equals(out)) {
          throw new UncheckedIOException("cannot sync the journal " + file, e);
        }
      }
      // Compacted meanwhile, and synchronised then.
    } catch (IOException e) {
      throw new UncheckedIOException("cannot sync the journal " + file, e);
    }
  }

  /** Where the sessions of this home run. */
  public synchronized Map<SessionId, Entry.Committed> committed() {
    return history.committed();
  }

  /** Where a session of this home runs; empty when it never left, or is at home again. */
  public synchronized Optional<Entry.Committed> committed(SessionId session) {
    return history.committed(session);
  }

  /** The moves of this home that are not closed. */
  public synchronized Map<SessionId, Entry.Begun> open() {
    return history.open();
  }

  /** Whether this host, as a target, let that incarnation run, or a later one. */
  public synchronized boolean took(MoveId move) {
    return history.took(move);
  }

  private synchronized void compact() {
    List<Entry> entries = history.entries();
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try {
      StringBuilder lines = new StringBuilder();
      for (Entry e : entries) {
        lines.append("%s %08x\n".formatted(e.text(), checksum(e.text())));
      }
      byte[] bytes = lines.toString().getBytes(StandardCharsets.UTF_8);
      Files.write(fresh, bytes);
      RandomAccessFile next = new RandomAccessFile(fresh.toFile(), "rw");
      next.getFD().sync();
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      try (FileChannel directory =
          FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
        directory.force(true);
      }
      out.close();
      out = next;
      size = bytes.length;
    } catch (IOException e) {
      throw new UncheckedIOException("cannot compact the journal " + file, e);
    }
  }

  private static Optional<Entry> check(String line) {
    int space = line.lastIndexOf(' ');
    if (space < 0) {
      return Optional.empty();
    }
    String text = line.substring(0, space);
    return line.substring(space + 1).equals("%08x".formatted(checksum(text)))
        ? Entry.parse(text)
        : Optional.empty();
  }

  private static int checksum(String text) {
    CRC32C crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return (int) crc.getValue();
  }

  @Override
  public synchronized void close() throws IOException {
    out.getFD().sync();
    out.close();
  }
}
