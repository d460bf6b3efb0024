/** Benchmarks: JMH for the parts, and the whole system against its peers. */
@NullMarked
package hob.bench;

import org.jspecify.annotations.NullMarked;
