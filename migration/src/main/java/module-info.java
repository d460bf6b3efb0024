/** The migration protocol, the transfer strategies and the commit. */
module hob.migration {
  requires static org.jspecify;
  requires transitive hob.home;
  requires transitive hob.image;
  requires transitive hob.wire;

  exports hob.migration;
  exports hob.migration.fault;
  exports hob.migration.home;
  exports hob.migration.journal;
  exports hob.migration.message;
}
