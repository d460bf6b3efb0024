/**
 * Bulk transfers: the memory of a process, over connections of their own.
 *
 * <p>The receiver announces a random {@link hob.wire.bulk.TransferToken}, which travels to the
 * sender as a message. The sender {@linkplain hob.wire.bulk.BulkTransfers#open opens} the transfer,
 * over one or more connections that are kept warm in a pool, because a TLS handshake would cost
 * more than a whole migration may. On the receiving host each such connection has a platform thread
 * that routes what comes in to the waiting {@link hob.wire.bulk.BulkReceiver}.
 *
 * <p>On each connection, all numbers big-endian:
 *
 * <pre>
 *   sender      OPEN    u8 1, u8 flags (1: checksums, 2: with metadata), u16 connections,
 *                       16 bytes token, u64 total, [u32 length, metadata]
 *               CHUNK   u8 2, u64 offset, u32 length, u32 CRC32C or 0, bytes      any number
 *               END     u8 3, u64 chunks, u64 bytes      on this connection
 *   receiver    RESULT  u8 4, u8 ok, u16 length, reason in UTF-8
 * </pre>
 *
 * <p>RESULT comes when the whole transfer is complete, or as soon as it has failed; after an ok the
 * connection is ready for the next OPEN, otherwise it is closed.
 */
@NullMarked
package hob.wire.bulk;

import org.jspecify.annotations.NullMarked;
