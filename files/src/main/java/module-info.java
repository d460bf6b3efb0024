/** The home's file system abroad: file server, FUSE client, consistency between them. */
module hob.files {
  requires static org.jspecify;
  requires transitive hob.linux;
  requires transitive hob.wire;

  exports hob.files.abroad;
  exports hob.files.frame;
  exports hob.files.home;
}
