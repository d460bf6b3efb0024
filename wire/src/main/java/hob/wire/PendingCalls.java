package hob.wire;

import com.google.protobuf.Message;
import hob.wire.peer.WireException;
import hob.wire.proto.Failure;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The requests of one connection that wait for a reply. Any number of threads. */
final class PendingCalls {
  private final String peer;
  private final AtomicLong lastId = new AtomicLong();
  private final ConcurrentHashMap<Long, CompletableFuture<Message>> waiting =
      new ConcurrentHashMap<>();
  private volatile @Nullable WireException lost;

  PendingCalls(String peer) {
    this.peer = peer;
  }

  /** Takes a fresh id for a call. */
  long open(CompletableFuture<Message> future) throws WireException {
    long id = lastId.incrementAndGet();
    waiting.put(id, future);
    WireException e = lost;
    if (e != null) {
      waiting.remove(id);
      throw e;
    }
    return id;
  }

  /** Forgets a call; a reply that comes later is dropped. */
  void forget(long id) {
    waiting.remove(id);
  }

  /** Hands a reply to its caller. */
  void complete(Letter letter) {
    CompletableFuture<Message> future = waiting.remove(letter.replyTo());
    if (future == null) {
      return;
    }
    Failure failure = letter.failure();
    Message payload = letter.payload();
    if (payload != null) {
      future.complete(payload);
    } else if (failure != null) {
      future.completeExceptionally(
          new WireException.CallFailed(peer, failure.getKind(), failure.getMessage()));
    } else {
      future.completeExceptionally(
          new WireException.CallFailed(
              peer,
              WireException.CallFailed.UNKNOWN_TYPE,
              "answered with %s, which this host does not know; install the same version of hob"
                  .formatted(letter.type())));
    }
  }

  /** Fails all calls, and all that come after. */
  void failAll(WireException cause) {
    lost = cause;
    waiting.forEach((id, future) -> {
      waiting.remove(id);
      future.completeExceptionally(cause);
    });
  }
}
