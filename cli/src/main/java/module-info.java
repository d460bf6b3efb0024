/** The hob command: subcommands, tables, progress. */
module hob.cli {
  requires static org.jspecify;
  requires hob.wire;
  requires hob.testbed;
  requires info.picocli;

  exports hob.cli;

  opens hob.cli to
      info.picocli;
}
