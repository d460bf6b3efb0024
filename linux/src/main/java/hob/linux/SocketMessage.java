package hob.linux;

import java.util.List;

/**
 * A message in the queue of a socket, or a stretch of a stream with one set of attachments.
 *
 * @param data its bytes
 * @param sender address that it came from, as {@code struct sockaddr}; empty when it has none
 * @param descriptors passed with it (SCM_RIGHTS); the caller closes them
 * @param credentials pid, uid, gid of the sender (SCM_CREDENTIALS); empty when not attached
 */
public record SocketMessage(
    byte[] data, byte[] sender, List<Fd> descriptors, List<Integer> credentials) {}
