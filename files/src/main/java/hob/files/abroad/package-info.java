/**
 * The foreign host's side: a mount of the home's files, served through {@code /dev/fuse}.
 *
 * <pre>
 *   kernel --/dev/fuse--> RequestLoop (2 threads) --REQUEST--> connection
 *   kernel &lt;--/dev/fuse-- connection's reader thread &lt;--REPLY--
 *   kernel &lt;--/dev/fuse-- Notifier (1 thread) &lt;--NOTICE--
 * </pre>
 *
 * <p>No thread waits for an answer: the loop sends a request on and reads the next one, and the
 * connection's reader hands the answer to the kernel. A write to a file that the home has let this
 * host write before is acknowledged as soon as it is sent. Notices have a thread of their own,
 * since the kernel makes it wait for requests under way.
 *
 * <p>The kernel is told to cache everything for ever, and not to tell of open, flush and release
 * (FUSE_NO_OPEN_SUPPORT): that is what makes a warm open cost no message. Because nobody then tells
 * when a lock's owner has closed the file, {@link hob.files.abroad.HeldLocks} looks.
 */
@NullMarked
package hob.files.abroad;

import org.jspecify.annotations.NullMarked;
