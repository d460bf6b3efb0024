import java.util.Arrays;

/** Allocates, sorts and sums: a heap that is alive, a collector at work, compiled code. */
public final class Work {
  private Work() {}

  public static void main(String[] args) {
    long state = 1987;
    long sum = 0;
    for (int round = 0; round < 30; round++) {
      long[][] rows = new long[50][];
      for (int r = 0; r < rows.length; r++) {
        rows[r] = new long[20_000];
        for (int i = 0; i < rows[r].length; i++) {
          state = state * 6364136223846793005L + 1442695040888963407L;
          rows[r][i] = state >>> 20;
        }
        Arrays.sort(rows[r]);
        sum = sum * 31 + rows[r][rows[r].length / 2];
      }
      System.out.println(round + " " + sum);
    }
    System.out.println("end " + sum);
  }
}
