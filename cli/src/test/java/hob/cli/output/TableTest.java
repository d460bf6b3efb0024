package hob.cli.output;

import static org.assertj.core.api.Assertions.assertThat;

import hob.cli.output.Table.Colour;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Tables as people and programs get them. */
class TableTest {
  private record Row(String name, int pid, long bytes, String command) {}

  private static final List<Row> ROWS =
      List.of(
          new Row("h1", 7, 812, "sh -c \"true\""),
          new Row("host12", 100_001, 3L << 30, "xz -k a-very-long-file-name"));

  private static final Table<Row> TABLE =
      new Table<Row>()
          .text("name", Row::name, row -> row.pid == 7 ? Colour.GOOD : Colour.NONE)
          .number("pid", Row::pid)
          .number("rss_bytes", Row::bytes, row -> Units.bytes(row.bytes))
          .text("command", Row::command);

  private static String printed(Screen screen) {
    StringWriter text = new StringWriter();
    TABLE.print(ROWS, new PrintWriter(text), screen);
    return text.toString();
  }

  @Test
  void columnsAlign() {
    assertThat(printed(Screen.file()))
        .isEqualTo(
            """
            NAME       PID      RSS  COMMAND
            h1           7    812 B  sh -c "true"
            host12  100001  3.0 GiB  xz -k a-very-long-file-name
            """);
  }

  @Test
  void narrowScreenCutsTheLastColumn() {
    assertThat(printed(new Screen(true, 35, false)).lines())
        .allMatch(line -> line.length() <= 35)
        .anyMatch(line -> line.endsWith("xz -k a-v…"));
  }

  @Test
  void coloursDoNotShiftColumns() {
    String painted = printed(new Screen(true, Integer.MAX_VALUE, true));

    assertThat(painted).contains("\033[32mh1\033[0m");
    assertThat(painted.replaceAll("\033\\[[0-9]*m", "")).isEqualTo(printed(Screen.file()));
  }

  @Test
  void controlCharactersDoNotReachTheTerminal() {
    StringWriter text = new StringWriter();
    new Table<String>()
        .text("command", s -> s)
        .print(List.of("a\033[31mb\nc"), new PrintWriter(text), Screen.file());

    assertThat(text.toString()).isEqualTo("COMMAND\na?[31mb?c\n");
  }

  @Test
  void jsonIsOneObjectALineWithPlainValues() {
    StringWriter text = new StringWriter();
    TABLE.printJson(ROWS.subList(0, 1), new PrintWriter(text));

    assertThat(text.toString())
        .isEqualTo(
            """
            {"name":"h1","pid":7,"rss_bytes":812,"command":"sh -c \\"true\\""}
            """);
  }

  @Test
  void jsonEscapesWhatItMust() {
    assertThat(Json.of("tab\t, line\n, bell\007, quote\", back\\, é"))
        .isEqualTo("\"tab\\t, line\\n, bell\\u0007, quote\\\", back\\\\, é\"");
    assertThat(Json.of(null)).isEqualTo("null");
    assertThat(Json.of(List.of(1, true, "x", Double.NaN))).isEqualTo("[1,true,\"x\",null]");
  }

  @Test
  void unitsKeepTwoOrThreeDigits() {
    assertThat(List.of(Units.bytes(0), Units.bytes(1500), Units.bytes(123L << 20)))
        .containsExactly("0 B", "1.5 KiB", "123 MiB");
    assertThat(List.of(Units.nanos(850_400), Units.nanos(4_200_000), Units.nanos(61_000_000_000L)))
        .containsExactly("850 us", "4.2 ms", "61 s");
    assertThat(List.of(Units.since(4_000), Units.since(187_000), Units.since(8_100_000)))
        .containsExactly("4s", "3m07s", "2h15m");
    assertThat(Units.cpuTime(62_345)).isEqualTo("1:02.35");
  }
}
