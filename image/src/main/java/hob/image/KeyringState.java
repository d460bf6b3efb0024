package hob.image;

import hob.image.proto.ProcessImage;
import hob.image.proto.ThreadState;
import hob.linux.Keyrings;
import hob.linux.Nr;
import hob.linux.Sys;
import java.util.List;
import java.util.function.Consumer;

/**
 * Keyrings that belong to a process or a thread alone, see keyrings(7): what hangs in them is the
 * kernel's of this host, and not all of it may be read. They pin; /proc does not tell whose they
 * are, so they are found when the process stands still.
 */
final class KeyringState implements StateModule {
  private static final int KEYCTL_GET_KEYRING_ID = 0;
  private static final int KEY_SPEC_THREAD_KEYRING = -1;
  private static final int KEY_SPEC_PROCESS_KEYRING = -2;

  @Override
  public String name() {
    return "keyrings";
  }

  /** Somebody of its user's has one: perhaps it is this process. */
  @Override
  public boolean suspect(ProcessFacts p) {
    String[] uids = p.status().getOrDefault("Uid", "0").split("\\s+");
    return !p.traced() && Keyrings.anyOf(Integer.parseUnsignedInt(uids[0]));
  }

  @Override
  public void examine(FrozenProcess p, FrozenThread t, Batch batch, List<Refusal> out) {
    if (t == p.leader()) {
      ask(p, batch, KEY_SPEC_PROCESS_KEYRING, "process", out::add);
    }
    ask(p, batch, KEY_SPEC_THREAD_KEYRING, "thread", out::add);
  }

  @Override
  public void encapsulate(FrozenProcess p, Batch batch, Collection tree, ProcessImage.Builder out) {
    ask(p, batch, KEY_SPEC_PROCESS_KEYRING, "process", KeyringState::refuse);
  }

  @Override
  public void encapsulateThread(
      FrozenProcess p, FrozenThread t, Batch batch, ThreadState.Builder out) {
    ask(p, batch, KEY_SPEC_THREAD_KEYRING, "thread", KeyringState::refuse);
  }

  private static void refuse(Refusal r) {
    throw new Collection.Refused(r);
  }

  private static void ask(
      FrozenProcess p, Batch batch, int keyring, String whose, Consumer<Refusal> found) {
    batch.ask(
        "keyctl(KEYCTL_GET_KEYRING_ID)",
        id -> {
          // Without one: ENOKEY, for it is not to be made.
          if (!Sys.failed(id)) {
            found.accept(new Refusal(p.pid(), "keyring", "has a " + whose + " keyring"));
          }
        },
        Nr.KEYCTL,
        KEYCTL_GET_KEYRING_ID,
        keyring,
        0);
  }
}
