package hob.cli.image;

import com.google.protobuf.TextFormat;
import hob.cli.output.CommandFailure;
import hob.cli.output.Json;
import hob.cli.output.Screen;
import hob.image.format.ImageException;
import hob.image.format.ImageFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code hob image show FILE}. Needs no daemon. */
@Command(
    name = "show",
    description = "Check an image file from its first byte to its last, and say what is in it.")
public final class ShowCommand implements Runnable {
  private final PrintWriter out;

  @Parameters(paramLabel = "FILE", description = "What hob image has written.")
  private Path file = Path.of("");

  @Option(names = "--json", description = "Print a JSON object.")
  private boolean json;

  @Option(
      names = "--full",
      description = "Print all state but the contents of pages, as text (protobuf's).")
  private boolean full;

  /** Prints to {@code out}. */
  public ShowCommand(PrintWriter out) {
    this.out = out;
  }

  @Override
  public void run() {
    try (ImageFile image = ImageFile.open(file)) {
      image.verify();
      Summary summary = Summary.of(image);
      if (full) {
        TextFormat.printer().print(image.outline(), out);
        TextFormat.printer().print(image.image(), out);
      } else if (json) {
        out.println(Json.of(summary.object()));
      } else {
        summary.print(out, Screen.standard());
      }
      out.flush();
    } catch (ImageException e) {
      throw new CommandFailure(file + ": " + e.getMessage(), e);
    } catch (NoSuchFileException e) {
      throw new CommandFailure(file + ": there is no such file", e);
    } catch (AccessDeniedException e) {
      throw new CommandFailure(file + ": you may not read it", e);
    } catch (IOException e) {
      throw new CommandFailure(file + ": " + e.getMessage(), e);
    }
  }
}
