/**
 * {@code hob files}: the home's files on another host without daemons, for tests by hand, for
 * foreign test suites and for benchmarks.
 *
 * <p>{@code serve} is the home, {@code mount} the foreign host; they speak over the same TLS
 * connection as daemons do.
 */
@NullMarked
package hob.bench.files;

import org.jspecify.annotations.NullMarked;
