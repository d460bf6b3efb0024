/** Sessions, exec interception, shadows, signals and streams: what a process leaves at its home. */
module hob.home {
  requires static org.jspecify;
  requires hob.linux;
  requires hob.wire;
  requires transitive hob.image;

  exports hob.home;
  exports hob.home.net;
  exports hob.home.proto;
}
