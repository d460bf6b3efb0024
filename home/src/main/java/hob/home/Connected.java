package hob.home;

import hob.home.net.GuestNetwork;
import hob.image.External;
import hob.image.StandIns;
import hob.image.proto.StandIn;
import hob.linux.FileStat;

/**
 * The streams of a session that moves together with its network: connections with processes outside
 * of the tree may move too. Tracer's thread.
 */
record Connected(LocalSession session) implements StandIns {
  @Override
  public int id(FileStat file) {
    return session.streams().id(file);
  }

  @Override
  public boolean isStandIn(long inode) {
    return session.streams().isStandIn(inode);
  }

  @Override
  public boolean usesIpc() {
    return session.streams().usesIpc();
  }

  @Override
  public StandIn describe(External external, StandIn.Builder into) {
    return session.streams().describe(external, into);
  }

  @Override
  public boolean hasHomesNetwork() {
    return session.network != null;
  }

  @Override
  public boolean keepsConnection(byte[] name, byte[] peer) {
    return session.atHome()
        ? session.hostNetwork().keep(session.id().toString(), name, peer)
        : session.network != null;
  }

  /** Before the sockets of a tree abroad are looked at. */
  static void hold(LocalSession session) {
    GuestNetwork network = session.network;
    if (network != null) {
      network.hold();
    }
  }

  /** The tree stays where it is. */
  static void release(LocalSession session) {
    GuestNetwork network = session.network;
    if (network != null) {
      network.release();
    }
  }
}
