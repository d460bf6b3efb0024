/**
 * Linux as Java sees it: system calls, structs, constants and /proc, under Linux's own names.
 *
 * <p>Nothing here knows of Hob. Struct layouts and request numbers stay in this package. Calls go
 * through {@link hob.linux.Sys}; a failure is a {@link hob.linux.LinuxException} that names call,
 * arguments and errno, except where a method says that it returns {@code -errno}. Any thread may
 * call anything, with one exception that is the kernel's: all {@link hob.linux.Ptrace} calls for a
 * tracee come from the thread that seized it.
 */
@NullMarked
package hob.linux;

import org.jspecify.annotations.NullMarked;
