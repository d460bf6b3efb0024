/**
 * {@code hob bench transfer}: how close page streams come to a bare socket.
 *
 * <pre>
 *   TransferBench    two hosts of a testbed, their link at one rate after another
 *     TransferSink     a program on h2 that receives
 *     TransferSource   a program on h1 that sends and takes the time; told what by lines of input
 * </pre>
 *
 * <p>Both programs stay for the whole benchmark, so that all is warm, and what is compared takes
 * turns within them. Each host has cores of its own ({@link hob.bench.transfer.Cores}); one line of
 * the result shows what comes of sharing them.
 */
@NullMarked
package hob.bench.transfer;

import org.jspecify.annotations.NullMarked;
