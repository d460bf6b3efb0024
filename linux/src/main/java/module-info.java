/** System calls, struct layouts and constants; the names are Linux's own. */
module hob.linux {
  requires static org.jspecify;

  exports hob.linux;
  exports hob.linux.fanotify;
  exports hob.linux.fuse;
  exports hob.linux.net;
}
