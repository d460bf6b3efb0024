/** The migration protocol, the transfer strategies and the commit. */
module hob.migration {
  requires static org.jspecify;
  requires hob.linux;
  requires hob.image;
  requires hob.wire;
  requires hob.home;
}
