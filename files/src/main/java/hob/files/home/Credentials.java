package hob.files.home;

import java.util.Arrays;

/**
 * A user's rights to files, {@code credentials(7)}.
 *
 * @param groups the supplementary ones; not to be changed
 */
public record Credentials(int uid, int gid, int[] groups) {
  /** The rights of the super-user. */
  public static final Credentials ROOT = new Credentials(0, 0, new int[0]);

  /** Whether {@code group} is among the groups. */
  boolean has(int group) {
    if (group == gid) {
      return true;
    }
    for (int g : groups) {
      if (g == group) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Credentials c
        && c.uid == uid
        && c.gid == gid
        && Arrays.equals(c.groups, groups);
  }

  @Override
  public int hashCode() {
    return (uid * 31 + gid) * 31 + Arrays.hashCode(groups);
  }
}
