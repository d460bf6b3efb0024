/** Sessions, exec interception, shadows, signals and streams: what a process leaves at its home. */
@NullMarked
package hob.home;

import org.jspecify.annotations.NullMarked;
