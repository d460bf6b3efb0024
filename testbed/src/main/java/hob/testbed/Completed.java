package hob.testbed;

/**
 * What a command on a host came to.
 *
 * @param status its exit status; 128 and the signal's number when a signal ended it; 255 when it
 *     was not run
 * @param output what it wrote to standard output, as UTF-8
 * @param error what it wrote to standard error
 */
public record Completed(int status, String output, String error) {}
