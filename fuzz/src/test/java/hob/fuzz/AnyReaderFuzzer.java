package hob.fuzz;

import hob.image.format.ImageFileFuzzer;
import hob.image.format.TreeImageFuzzer;
import hob.migration.message.MessageFuzzer;
import hob.wire.LetterFuzzer;
import hob.wire.bulk.IntakeFuzzer;
import hob.wire.link.MeetingFuzzer;
import java.util.Arrays;
import java.util.List;

/** All readers in one program, for a quick look at each: the first byte of an input chooses. */
public final class AnyReaderFuzzer {
  private interface Reader {
    void read(byte[] data) throws Exception;
  }

  /** In the order of {@link FuzzTest#READERS}. */
  private static final List<Reader> READERS =
      List.of(
          TreeImageFuzzer::fuzzerTestOneInput,
          ImageFileFuzzer::fuzzerTestOneInput,
          LetterFuzzer::fuzzerTestOneInput,
          MeetingFuzzer::fuzzerTestOneInput,
          IntakeFuzzer::fuzzerTestOneInput,
          MessageFuzzer::fuzzerTestOneInput);

  private AnyReaderFuzzer() {}

  public static void fuzzerTestOneInput(byte[] data) throws Exception {
    if (data.length > 0) {
      byte[] rest = Arrays.copyOfRange(data, 1, data.length);
      READERS.get(Math.floorMod(data[0], READERS.size())).read(rest);
    }
  }
}
