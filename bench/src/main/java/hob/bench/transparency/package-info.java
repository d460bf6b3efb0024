/**
 * Proof that commands under {@code hob run} behave as without it: a table of what users do, each
 * row played bare, with its programs abroad from the start, after two moves, and spread by the
 * policy ({@code hob transparency}). The rows are python, in this package's resources; they run at
 * home, as the parents of the programs that go.
 */
@NullMarked
package hob.bench.transparency;

import org.jspecify.annotations.NullMarked;
