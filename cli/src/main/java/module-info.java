/** The hob command: subcommands, tables, progress. */
module hob.cli {
  requires static org.jspecify;
  requires hob.linux;
  requires hob.image;
  requires hob.wire;
  requires hob.testbed;
  requires info.picocli;

  exports hob.cli;
  exports hob.cli.output;

  opens hob.cli to
      info.picocli;
  opens hob.cli.doctor to
      info.picocli;
  opens hob.cli.image to
      info.picocli;
  opens hob.cli.testbed to
      info.picocli;
}
