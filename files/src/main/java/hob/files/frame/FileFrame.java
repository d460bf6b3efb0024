package hob.files.frame;

/**
 * The bytes of a frame about files: a head of 16 bytes, little-endian, and a body.
 *
 * <pre>
 *   0  u8   kind
 *   1  u8   flags
 *   2  u16  mount: which of this pair's mounts, chosen by the foreign host
 *   4  u32  aux: bytes of a write in its REPLY
 *   8  u64  node
 *  16  body
 * </pre>
 *
 * <p>A REQUEST's body is what the foreign kernel's FUSE asked for, as it stands, and a REPLY's what
 * it is to be told: both ends speak the kernel's own protocol, so there is nothing to translate.
 */
public final class FileFrame {
  public static final int HEAD_BYTES = 16;
  public static final int KIND = 0;
  public static final int FLAGS = 1;
  public static final int MOUNT = 2;
  public static final int AUX = 4;
  public static final int NODE = 8;

  /** To home: a FUSE request. */
  public static final int REQUEST = 1;

  /** To home: all that was sent before this is to take effect first; answered by FLUSHED. */
  public static final int FLUSH = 2;

  /**
   * To home: from here on this mount is served by a program that knows nothing of what was said
   * before. What it needs of that follows; answered by ATTACHED.
   */
  public static final int ATTACH = 3;

  /** From home: a FUSE answer. */
  public static final int REPLY = 17;

  /** From home: {@link Notice}s. */
  public static final int NOTICE = 18;

  /** From home: the answer to a FLUSH. */
  public static final int FLUSHED = 19;

  /**
   * From home: the answer to an ATTACH, a list of all locks that are held: u64 node, u64 owner, u32
   * pid, u32 flags of {@code struct fuse_lk_in}.
   */
  public static final int ATTACHED = 20;

  /** Bytes for each lock in an ATTACHED. */
  public static final int LOCK_BYTES = 24;

  /** Flag of a REQUEST to write: it was acknowledged already; the REPLY only confirms. */
  public static final int BEHIND = 1;

  /** Flag of a REPLY: this node may be written behind, there is room for it. */
  public static final int BEHIND_OK = 2;

  /** Flag of a REPLY: the node may be written behind from now on. */
  public static final int WRITABLE = 4;

  /** Flag of a REQUEST: it may have been sent before. */
  public static final int AGAIN = 8;

  /** Bit of the number of a REQUEST that is not the kernel's but its host's daemon's own. */
  public static final long OWN = 1L << 62;

  /** Bit of a node's id: it had no access control list when it was first looked up. */
  public static final long NO_ACL = 1L << 62;

  /** The longest READ and WRITE. */
  public static final int MAX_DATA = 1 << 20;

  /** The longest frame. */
  public static final int MAX_BYTES = HEAD_BYTES + MAX_DATA + 8192;

  /** Whether a frame of this kind goes to the home, or comes from it. */
  public static boolean isForHome(int kind) {
    return kind < REPLY;
  }

  private FileFrame() {}
}
