package hob.cli.testbed;

import hob.cli.output.WrongUse;
import hob.testbed.LinkRate;
import hob.testbed.Testbed;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code hob testbed link}. */
@Command(name = "link", description = "Cut a host's link, mend it, or change its rate.")
final class LinkCommand implements Runnable {
  @Mixin private NameOption name = new NameOption();

  @Parameters(index = "0", paramLabel = "HOST", description = "Whose link.")
  private String host = "";

  @Parameters(
      index = "1",
      paramLabel = "WHAT",
      description = "cut, up, a rate such as 100mbit, or max.")
  private String what = "";

  @Override
  public void run() {
    Testbed testbed = Testbed.attach(name.name());
    switch (what) {
      case "cut" -> testbed.cutLink(host);
      case "up" -> testbed.restoreLink(host);
      default -> {
        try {
          testbed.setRate(host, LinkRate.parse(what));
        } catch (IllegalArgumentException e) {
          throw new WrongUse(String.valueOf(e.getMessage()), e);
        }
      }
    }
  }
}
