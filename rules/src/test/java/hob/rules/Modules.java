package hob.rules;

import static java.util.Objects.requireNonNull;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass.Predicates;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * The compiled classes of all modules, read from their build directories: the tests of other
 * modules are on no class path.
 */
final class Modules {
  private Modules() {}

  /** What runs, without the code that protoc generated. */
  static JavaClasses production() {
    return handWritten("classes");
  }

  /** Test classes of all modules. */
  static JavaClasses tests() {
    return handWritten("test-classes");
  }

  private static JavaClasses handWritten(String directory) {
    return new ClassFileImporter()
        .importPaths(buildDirectories(directory))
        .that(DescribedPredicate.not(Predicates.resideInAPackage("..proto")));
  }

  /** The project's root directory. */
  static Path root() {
    try {
      Path root =
          Path.of(Modules.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      while (!Files.exists(root.resolve(".mvn"))) {
        root = requireNonNull(root.getParent(), "no project root above this class");
      }
      return root;
    } catch (URISyntaxException e) {
      throw new IllegalStateException("class path entry is no path", e);
    }
  }

  /** {@code <module>/target/[fast/]<directory>} of every module, the same build as this class's. */
  private static List<Path> buildDirectories(String directory) {
    try {
      Path own = Path.of(Modules.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      Path root = root();
      Path build = root.resolve("rules").relativize(own).resolveSibling(directory);
      try (Stream<Path> modules = Files.list(root)) {
        return modules.map(module -> module.resolve(build)).filter(Files::isDirectory).toList();
      }
    } catch (URISyntaxException e) {
      throw new IllegalStateException("class path entry is no path", e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
