/**
 * The home's part in a move: it coordinates, and it alone decides.
 *
 * <pre>
 *   home                      source                     target
 *    | begun (journal)          |                          |
 *    |-- Depart --------------->|                          |
 *    |<-------------- Departing-|                          |
 *    |-- Prepare ----------------------------------------->|  sandbox, empty processes
 *    |<------------------------------------------- Ready --|
 *    |-- Send ----------------->|                          |
 *    |                          |  freeze                  |
 *    |                          |== image, pages =========>|  map, write, prepare
 *    |                          |  in doubt                |  in doubt
 *    |<---------------------------------------- Prepared --|
 *    | committed (journal)      |                          |
 *    |-- Resume ------------------------------------------>|  took (journal), runs
 *    |<----------------------------------------- Resumed --|
 *    |-- Leave ---------------->|  shadows, or nothing     |
 *    |<------------------- Left-|                          |
 *    | closed (journal)         |                          |
 * </pre>
 *
 * <p>{@link hob.migration.home.HomeState} is the state machine, without threads, clocks or wires:
 * an event and a state give the next state and what to do. {@link hob.migration.home.Coordinator}
 * does it. This is two-phase commit (Gray, Notes on Data Base Operating Systems, 1978, 5.8.3) with
 * one participant that votes, the target; the source has voted by sending all of the tree.
 *
 * <p>Threads: each session's events are handled one at a time by whichever thread brings one, so
 * that nothing waits for a thread to wake up while the tree is frozen.
 */
@NullMarked
package hob.migration.home;

import org.jspecify.annotations.NullMarked;
