package hob.cli.testbed;

import hob.testbed.TestbedSpec;
import picocli.CommandLine.Option;

/** Which testbed. */
final class NameOption {
  @Option(
      names = "--name",
      paramLabel = "NAME",
      description =
          "Which testbed (default: $HOB_TESTBED, or else: " + TestbedSpec.DEFAULT_NAME + ").")
  private String name = System.getenv().getOrDefault("HOB_TESTBED", TestbedSpec.DEFAULT_NAME);

  String name() {
    return name;
  }
}
