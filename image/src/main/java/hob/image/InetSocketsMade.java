package hob.image;

import hob.linux.Fd;

/** Placeholder. */
final class InetSocketsMade {
  InetSocketsMade(TreeFiles tree) {}

  void make() {}

  Fd socket(long inode) {
    throw new IllegalStateException();
  }
}
