/** Changes of file systems as the kernel reports them: {@code fanotify(7)}. */
@NullMarked
package hob.linux.fanotify;

import org.jspecify.annotations.NullMarked;
