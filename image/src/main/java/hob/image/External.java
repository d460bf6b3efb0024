package hob.image;

/**
 * An open file description of the tree that leads out of it: a pipe whose other end is elsewhere,
 * or a terminal.
 *
 * @param stream the session's number for it
 * @param pid host pid of a process that has it
 * @param fd its descriptor there; −1 when it only has it as its controlling terminal
 * @param number N of /dev/pts/N where the tree was; −1 for a pipe
 * @param access O_RDONLY, O_WRONLY or O_RDWR
 */
public record External(int stream, int pid, int fd, int number, int access) {
  /** Whether it is a terminal. */
  public boolean terminal() {
    return number >= 0;
  }
}
