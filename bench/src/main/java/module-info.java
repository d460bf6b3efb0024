/** Benchmarks: JMH for the parts, and the whole system against its peers. */
module hob.bench {
  requires static org.jspecify;
  requires hob.linux;
  requires hob.wire;
  requires hob.files;
  requires hob.image;
  requires hob.home;
  requires hob.migration;
  requires hob.daemon;
  requires hob.testbed;
  requires jmh.core;
  requires hob.cli;
  requires info.picocli;

  opens hob.bench to
      info.picocli;
  opens hob.bench.faults to
      info.picocli;
  opens hob.bench.files to
      info.picocli;
  opens hob.bench.proof to
      info.picocli;
  opens hob.bench.transparency to
      info.picocli;

  exports hob.demo;
}
