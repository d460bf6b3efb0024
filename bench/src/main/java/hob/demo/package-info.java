/**
 * {@code hob demo}: real programs that move between hosts of a testbed while they run, and whose
 * results are compared with runs that were never moved. One thread a program, one that draws.
 */
@NullMarked
package hob.demo;

import org.jspecify.annotations.NullMarked;
