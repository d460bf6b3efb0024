package hob.image;

import hob.image.proto.ProcessImage;
import hob.image.proto.ThreadState;
import hob.linux.Nr;
import hob.linux.Sys;

/**
 * Keyrings that belong to a process or a thread alone, see keyrings(7): what hangs in them is the
 * kernel's of this host, and not all of it may be read. They pin; /proc does not tell of them, so
 * they are found when the process stands still.
 */
final class KeyringState implements StateModule {
  private static final int KEYCTL_GET_KEYRING_ID = 0;
  private static final int KEY_SPEC_THREAD_KEYRING = -1;
  private static final int KEY_SPEC_PROCESS_KEYRING = -2;

  @Override
  public String name() {
    return "keyrings";
  }

  @Override
  public void encapsulate(FrozenProcess p, Batch batch, Collection tree, ProcessImage.Builder out) {
    refuse(p, batch, KEY_SPEC_PROCESS_KEYRING, "process");
  }

  @Override
  public void encapsulateThread(
      FrozenProcess p, FrozenThread t, Batch batch, ThreadState.Builder out) {
    refuse(p, batch, KEY_SPEC_THREAD_KEYRING, "thread");
  }

  private static void refuse(FrozenProcess p, Batch batch, int keyring, String whose) {
    batch.ask(
        "keyctl(KEYCTL_GET_KEYRING_ID)",
        id -> {
          // Without one: ENOKEY, for it is not to be made.
          if (!Sys.failed(id)) {
            throw new Collection.Refused(
                new Refusal(p.pid(), "keyring", "has a " + whose + " keyring"));
          }
        },
        Nr.KEYCTL,
        KEYCTL_GET_KEYRING_ID,
        keyring,
        0);
  }
}
