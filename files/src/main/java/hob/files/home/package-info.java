/**
 * The home's side: serves its files to foreign hosts and tells them what changed.
 *
 * <pre>
 *   connection's reader thread --Request--> Guest ---in order---> mutator thread (what changes)
 *                                             \------------------> reader threads (what only looks)
 *                                                                        |  setfsuid: the user's rights
 *   fanotify --Watch--> outbox of each Guest --NOTICE--> connection      v
 *                                                                   Operations: system calls
 * </pre>
 *
 * <p>A guest is one mount on one foreign host, for one user. It names files only by node numbers
 * that it was given in this connection, so there is nothing to forge; names have one component, so
 * there is no way out of the tree; and every call is made with the user's file system credentials.
 *
 * <p>Threads: what changes files runs on the guest's mutator, in the order of the connection, so
 * that whoever sees a later change sees all earlier ones. Fanotify tells which thread caused an
 * event, and a guest's threads are its own, so a guest is not told of what it did itself.
 *
 * <p>Locks, outer first: {@code Watch.lock}, {@code Guest.outbox}; {@code NodeTable}; {@code Node};
 * {@code DescriptorCache}. None is held while a frame is sent but a guest's send lock.
 */
@NullMarked
package hob.files.home;

import org.jspecify.annotations.NullMarked;
