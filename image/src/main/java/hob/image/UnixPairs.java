package hob.image;

import hob.image.proto.OpenFile;
import hob.image.proto.SocketCredentials;
import hob.image.proto.TreeImage;
import hob.image.proto.UnixSocket;
import hob.linux.Fd;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Pairs of connected unix sockets without names, made by the processes that had made them: the
 * kernel remembers who that was, for SO_PEERCRED of both ends. Tracer's thread.
 */
final class UnixPairs {
  private UnixPairs() {}

  /**
   * Makes those whose maker is in the tree.
   *
   * @param rebuilds of its processes, laid out and not prepared yet
   * @return ends by the inode numbers that they had
   */
  static Map<Long, Fd> make(TreeImage image, List<Rebuild> rebuilds) {
    Map<Long, UnixSocket> sockets = new HashMap<>();
    for (OpenFile f : image.getFilesList()) {
      if (f.getKind() == OpenFile.Kind.UNIX_SOCKET) {
        sockets.put(f.getUnixSocket().getInode(), f.getUnixSocket());
      }
    }
    Map<Long, Fd> made = new HashMap<>();
    for (UnixSocket s : sockets.values()) {
      UnixSocket peer = sockets.get(s.getPeer());
      SocketCredentials maker = s.getPeerCredentials();
      if (peer == null
          || peer.getPeer() != s.getInode()
          || peer.getInode() <= s.getInode()
          || !s.getName().isEmpty()
          || !peer.getName().isEmpty()
          || maker.getPid() == 0
          || !maker.equals(peer.getPeerCredentials())) {
        continue;
      }
      rebuilds.stream()
          .filter(r -> r.image().getPid() == maker.getPid())
          .findFirst()
          .ifPresent(r -> {
            Fd[] ends = r.socketPair(s.getType(), maker.getUid(), maker.getGid());
            made.put(s.getInode(), ends[0]);
            made.put(peer.getInode(), ends[1]);
          });
    }
    return made;
  }
}
