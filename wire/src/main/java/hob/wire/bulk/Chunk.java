package hob.wire.bulk;

import java.lang.foreign.MemorySegment;

/**
 * A piece of a transfer.
 *
 * @param offset of its first byte within the transfer
 * @param data native memory, valid until the next piece is asked for or the receiver is closed
 */
public record Chunk(long offset, MemorySegment data) {}
