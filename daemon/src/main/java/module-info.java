/** hobd: puts the parts together, cluster membership, control socket. */
module hob.daemon {
  requires static org.jspecify;
  requires hob.linux;
  requires hob.wire;
  requires hob.image;
  requires hob.files;
  requires hob.home;
  requires hob.migration;
  requires hob.policy;
  requires typesafe.config;
  requires jdk.net;

  exports hob.daemon;

  provides System.LoggerFinder with
      hob.daemon.log.LineLoggerFinder;
}
