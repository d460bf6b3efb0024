package hob.image;

import hob.image.proto.Credentials;
import hob.image.proto.ProcessImage;
import hob.linux.Nr;
import java.util.Arrays;

/**
 * A process that has ended and waits to be reaped: its wait status, and what ps(1) and {@code
 * si_uid} of waitid(2) say of it.
 */
final class Zombie {
  private static final int PR_SET_NAME = 15;
  private static final int IDS = 4;

  private Zombie() {}

  static void encapsulate(ProcessFacts facts, ProcessImage.Builder out) {
    out.setZombie(true)
        .setComm(ThreadBasics.name(facts.stat().comm()))
        .setExitStatus((int) facts.stat().field(52))
        .setOwner(CredentialState.read(facts.status()));
  }

  /** Makes a vessel into it. Who may not change his user has the right one already. */
  static void make(Vessel v, ProcessImage image) {
    byte[] comm = image.getComm().toByteArray();
    v.inject(Nr.PRCTL, PR_SET_NAME, v.put(0, Arrays.copyOf(comm, comm.length + 1)));
    Credentials c = image.getOwner();
    if (c.getUidsCount() == IDS && c.getGidsCount() == IDS) {
      v.inject(Nr.SETRESGID, c.getGids(0), c.getGids(1), c.getGids(2));
      v.inject(Nr.SETRESUID, c.getUids(0), c.getUids(1), c.getUids(2));
    }
    v.end(image.getExitStatus());
  }
}
