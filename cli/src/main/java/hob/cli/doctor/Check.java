package hob.cli.doctor;

import java.util.function.Supplier;

/**
 * One thing to find out.
 *
 * @param name short, as the field calls it
 * @param purpose what Hob needs it for
 * @param probe finds out; may throw, which counts as missing
 */
record Check(String name, String purpose, Supplier<Finding> probe) {}
