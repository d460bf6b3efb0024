package hob.files.home;

import hob.linux.fanotify.Fanotify;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A home's file server: all its guests, and the watch over its file systems. Any thread. */
public final class FileServer implements AutoCloseable {
  private final Set<Guest> guests = ConcurrentHashMap.newKeySet();
  private final Watch watch;
  private final MountTable mounts;
  private final DescriptorCache cache = new DescriptorCache();
  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(
          1, Thread.ofPlatform().daemon().name("files-timer").factory());

  private FileServer(Fanotify fanotify) {
    watch = new Watch(fanotify, guests);
    mounts = new MountTable(watch);
  }

  /**
   * Opens it; needs root.
   *
   * @throws hob.linux.LinuxException EPERM without CAP_SYS_ADMIN, EMFILE when there are too many
   */
  public static FileServer open() {
    return new FileServer(Fanotify.open());
  }

  /**
   * As {@link #open()}, for tests: with a queue of events that can overflow, after which guests
   * forget all that they know.
   */
  public static FileServer withSmallQueue() {
    return new FileServer(Fanotify.open(false));
  }

  /**
   * Takes in a guest.
   *
   * @param mount its number among those of its host
   * @param root the directory that is to be its root
   * @param user whose rights it has
   * @throws hob.linux.LinuxException ENOENT, ENOTDIR and kin if the root cannot be opened
   */
  public Guest invite(int mount, Path root, Credentials user, FrameSink sink) {
    return invite(mount, root, user, sink, GuestState.none());
  }

  /**
   * The same, of one that another program can serve on.
   *
   * @param state new; the guest's from now on
   */
  public Guest invite(int mount, Path root, Credentials user, FrameSink sink, GuestState state) {
    Guest guest = new Guest(this, mount, user, sink, state);
    guests.add(guest);
    guest.start(root);
    return guest;
  }

  /**
   * Takes up a guest that an earlier program has served.
   *
   * @throws RuntimeException if it cannot be served on; then it is gone
   */
  public Guest resume(int mount, Credentials user, FrameSink sink, GuestState state) {
    Guest guest = new Guest(this, mount, user, sink, state);
    guests.add(guest);
    guest.resume();
    return guest;
  }

  /** Ends, and leaves the guests to another program. */
  public void leave() {
    timer.shutdownNow();
    watch.close();
  }

  Watch watch() {
    return watch;
  }

  MountTable mounts() {
    return mounts;
  }

  DescriptorCache cache() {
    return cache;
  }

  void remove(Guest guest) {
    guests.remove(guest);
  }

  void later(long millis, Runnable action) {
    if (!timer.isShutdown()) {
      var _ = timer.schedule(action, millis, TimeUnit.MILLISECONDS);
    }
  }

  @Override
  public void close() {
    guests.forEach(Guest::close);
    timer.shutdownNow();
    watch.close();
  }
}
