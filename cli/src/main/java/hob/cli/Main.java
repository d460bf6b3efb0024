package hob.cli;

/** Entry point; filled in by the module's owner. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    System.out.println("hob 0.1.0-SNAPSHOT");
  }
}
