/** Hosts as namespaces on one machine, for demo, tests and benchmarks. */
module hob.testbed {
  requires static org.jspecify;

  exports hob.testbed;
}
