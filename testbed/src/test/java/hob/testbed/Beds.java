package hob.testbed;

import static org.assertj.core.api.Assertions.assertThat;
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
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Names for testbeds that tests make, and their end whatever happens: those named before the first
 * test go after the last, the others after the test that named them.
 */
final class Beds
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
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
    return Testbed.up(spec);
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    started = true;
  }

  @Override
  public void afterEach(ExtensionContext context) {
    down(own);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    down(shared);
  }

  /** All of them, whatever becomes of one. */
  private static void down(List<String> names) {
    List<TestbedException> failures = new ArrayList<>();
    for (String name : names) {
      try {
        Testbed.down(name);
      } catch (TestbedException e) {
        failures.add(e);
      }
    }
    names.clear();
    assertThat(failures).isEmpty();
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
