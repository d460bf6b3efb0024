/** Hosts as namespaces on one machine, for demo, tests and benchmarks. */
module hob.testbed {
  requires static org.jspecify;
  requires hob.wire;

  exports hob.testbed;
}
