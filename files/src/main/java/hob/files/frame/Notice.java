package hob.files.frame;

/**
 * What a foreign kernel is to forget; many in the body of one NOTICE.
 *
 * <pre>
 *   u8 kind, u8 0, u16 length of the name, u32 0, u64 node, i64 offset, u64 parent, name
 * </pre>
 */
public final class Notice {
  public static final int BYTES = 32;
  public static final int KIND = 0;
  public static final int NAME_BYTES = 2;
  public static final int NODE = 8;
  public static final int OFFSET = 16;
  public static final int PARENT = 24;

  /**
   * Attributes of {@code node} and, unless the offset is negative, its pages from there on; parent
   * and name are where it was last looked up.
   */
  public static final int INODE = 1;

  /** The name in the directory {@code parent}. */
  public static final int ENTRY = 2;

  /**
   * The name in the directory {@code parent} is to be looked up again before it is relied on. What
   * is mounted on it stays, as it does not when an {@link #ENTRY} is forgotten.
   */
  public static final int EXPIRED = 3;

  private Notice() {}
}
