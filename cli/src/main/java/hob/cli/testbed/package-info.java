/** {@code hob testbed}: the module testbed, for people. */
@NullMarked
package hob.cli.testbed;

import org.jspecify.annotations.NullMarked;
