package hob.testbed;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Names for testbeds that tests make, and their end whatever happens: those named before the first
 * test go after the last, the others after the test that named them.
 */
final class Beds implements BeforeAllCallback, AfterEachCallback, AfterAllCallback {
  private final List<String> shared = new ArrayList<>();
  private final List<String> own = new ArrayList<>();
  private boolean started;

  @Override
  public void beforeAll(ExtensionContext context) {
    assumeTrue(ProcessId.self().isRoot(), "testbeds need root");
  }

  /** A name that no testbed has, of this machine's user or of another test run. */
  String name(String hint) {
    String name = "t" + ProcessHandle.current().pid() + "-" + hint;
    (started ? own : shared).add(name);
    return name;
  }

  /** Two hosts without daemons. */
  TestbedSpec spec(String hint) {
    return TestbedSpec.standard().withName(name(hint)).withHosts(2).withDaemon(DaemonSpec.none());
  }

  /** A testbed for all tests of a class; to be called in its {@code @BeforeAll}. */
  Testbed up(TestbedSpec spec) {
    Testbed testbed = Testbed.up(spec);
    started = true;
    return testbed;
  }

  @Override
  public void afterEach(ExtensionContext context) {
    own.forEach(Testbed::down);
    own.clear();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    shared.forEach(Testbed::down);
  }

  /** A Python program that lies beside the tests. */
  static List<String> python(String file, String... arguments) {
    try {
      Path path = Path.of(Objects.requireNonNull(Beds.class.getResource(file)).toURI());
      List<String> command = new ArrayList<>(List.of("python3", path.toString()));
      command.addAll(List.of(arguments));
      return command;
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static String[] pythonLine(String file, String... arguments) {
    return python(file, arguments).toArray(String[]::new);
  }

  static String firstLine(Process process) throws IOException {
    return String.valueOf(process.inputReader().readLine());
  }
}
