/** Hosts as namespaces on one machine, for demo, tests and benchmarks. */
@NullMarked
package hob.testbed;

import org.jspecify.annotations.NullMarked;
