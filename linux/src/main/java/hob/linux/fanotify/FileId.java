package hob.linux.fanotify;

import java.util.Arrays;

/**
 * A file's identity for as long as it exists, whatever its names: what {@code name_to_handle_at(2)}
 * and {@code fanotify(7)} both say.
 *
 * @param fileSystem f_fsid of {@code statfs(2)}
 * @param type handle_type
 * @param handle f_handle; not to be changed
 */
public record FileId(long fileSystem, int type, byte[] handle) {
  @Override
  public boolean equals(Object other) {
    return other instanceof FileId id
        && id.fileSystem == fileSystem
        && id.type == type
        && Arrays.equals(id.handle, handle);
  }

  @Override
  public int hashCode() {
    return (Arrays.hashCode(handle) * 31 + type) * 31 + Long.hashCode(fileSystem);
  }
}
