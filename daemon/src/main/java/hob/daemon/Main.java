package hob.daemon;

/**
 * Entry point of hobd.
 *
 * <p>The launcher makes the AOT cache by running this once with {@code --train}: it must then do
 * what a start does, without effects on the machine, and exit.
 */
public final class Main {
  private Main() {}

  public static void main(String[] args) {}
}
