package hob.home.net;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Asks the hosts which session listens at a port that nobody at home listens at, and keeps the
 * packets meanwhile. Any thread.
 */
final class Questions {
  /** Length of a question: number, protocol, port. */
  static final int BYTES = 7;

  private static final long PATIENCE_SECONDS = 2;
  private static final int MOST_WAITING = 64;
  private static final int MOST_QUESTIONS = 1024;

  /** An answer that some packets waited for. */
  record Told(int protocol, int port, List<Packet> waiting) {}

  private record Question(
      int number, int protocol, int port, Set<String> hosts, List<Packet> waiting) {}

  private final PacketWire wire;
  private final Executor executor;
  private final Consumer<Packet> refuse;
  // Guarded by this.
  private final Map<Integer, Question> byPort = new HashMap<>();
  private int numbers;

  Questions(PacketWire wire, Executor executor, Consumer<Packet> refuse) {
    this.wire = wire;
    this.executor = executor;
    this.refuse = refuse;
  }

  /** Asks all of {@code hosts}, unless they have been asked; who has no answer is refused. */
  void ask(Packet p, Set<String> hosts) {
    Question q;
    int key = p.protocol() << 16 | p.destinationPort();
    synchronized (this) {
      Question known = byPort.get(key);
      if (known != null) {
        if (known.waiting.size() < MOST_WAITING) {
          known.waiting.add(p);
        }
        return;
      }
      q =
          hosts.isEmpty() || byPort.size() >= MOST_QUESTIONS
              ? null
              : new Question(
                  ++numbers,
                  p.protocol(),
                  p.destinationPort(),
                  new HashSet<>(hosts),
                  new ArrayList<>(List.of(p)));
      if (q != null) {
        byPort.put(key, q);
      }
    }
    if (q == null) {
      refuse.accept(p);
      return;
    }
    byte[] body = new byte[BYTES];
    ByteBuffer.wrap(body).putInt(q.number).put((byte) q.protocol).putShort((short) q.port);
    hosts.forEach(h -> wire.send(h, HomeSide.question(body)));
    CompletableFuture.delayedExecutor(PATIENCE_SECONDS, TimeUnit.SECONDS, executor)
        .execute(() -> giveUp(q));
  }

  private void giveUp(Question q) {
    synchronized (this) {
      if (!byPort.remove(q.protocol << 16 | q.port, q)) {
        return;
      }
    }
    q.waiting.forEach(refuse);
  }

  /**
   * A host's answer.
   *
   * @param found whether one of its sessions has the port
   * @return whom it concerns, when it has; null otherwise
   */
  @Nullable Told told(String host, byte[] body, boolean found) {
    if (body.length != BYTES) {
      return null;
    }
    ByteBuffer b = ByteBuffer.wrap(body);
    int number = b.getInt();
    int key = (b.get() & 0xff) << 16 | b.getShort() & 0xffff;
    Question q;
    synchronized (this) {
      q = byPort.get(key);
      if (q == null || q.number != number) {
        return null;
      }
      q.hosts.remove(host);
      if (!found && !q.hosts.isEmpty()) {
        return null;
      }
      byPort.remove(key);
    }
    if (!found) {
      q.waiting.forEach(refuse);
      return null;
    }
    return new Told(q.protocol, q.port, q.waiting);
  }
}
