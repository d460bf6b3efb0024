package hob.rules;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Dependencies between modules and packages lead one way only. */
class LayeringTest {
  /** Module, and the modules that it may use. */
  private static final Map<String, List<String>> USES =
      Map.ofEntries(
          Map.entry("linux", List.of()),
          Map.entry("wire", List.of()),
          Map.entry("files", List.of("linux", "wire")),
          Map.entry("image", List.of("linux")),
          Map.entry("home", List.of("linux", "wire", "image")),
          Map.entry("migration", List.of("linux", "image", "wire", "home")),
          Map.entry("policy", List.of()),
          Map.entry(
              "daemon", List.of("linux", "wire", "files", "image", "home", "migration", "policy")),
          Map.entry("testbed", List.of("wire")),
          Map.entry("cli", List.of("linux", "image", "wire", "testbed")),
          // A package of the module bench.
          Map.entry("demo", List.of("linux", "wire", "testbed", "cli")),
          Map.entry(
              "bench",
              List.of(
                  "linux",
                  "wire",
                  "files",
                  "image",
                  "home",
                  "migration",
                  "daemon",
                  "testbed",
                  "cli")));

  private static final JavaClasses PRODUCTION = Modules.production();

  @TestFactory
  Stream<DynamicTest> moduleUsesOnlyTheModulesBelowIt() {
    return USES.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(entry ->
            DynamicTest.dynamicTest(
                entry.getKey(), () -> usesOnly(entry.getKey(), entry.getValue())));
  }

  private static void usesOnly(String module, List<String> allowed) {
    String[] forbidden =
        USES.keySet().stream()
            .filter(other -> !other.equals(module) && !allowed.contains(other))
            .map(other -> "hob." + other + "..")
            .toArray(String[]::new);
    noClasses()
        .that()
        .resideInAPackage("hob." + module + "..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(forbidden)
        // A module may be empty as yet.
        .allowEmptyShould(true)
        .check(PRODUCTION);
  }

  @Test
  void everyModuleIsInTheTable() {
    assertThat(PRODUCTION.stream().map(type -> type.getPackageName().split("\\.")[1]))
        .isNotEmpty()
        .isSubsetOf(USES.keySet());
  }

  /**
   * Modules whose first package both uses its sub-packages and is used by them. None is to be
   * added; what the sub-packages share should move to a package of its own.
   */
  private static final Set<String> KNOTTED = Set.of("bench", "daemon", "migration");

  @Test
  void packagesHaveNoCycles() {
    slices()
        .matching("hob.(**)")
        .should()
        .beFreeOfCycles()
        .check(
            PRODUCTION.that(
                DescribedPredicate.describe(
                    "outside of the knotted modules",
                    type -> !KNOTTED.contains(type.getPackageName().split("\\.")[1]))));
  }

  @Test
  void modulesHaveNoCycles() {
    slices().matching("hob.(*)..").should().beFreeOfCycles().check(PRODUCTION);
  }

  @Test
  void onlyLinuxCallsNativeCode() {
    noClasses()
        .that()
        .resideOutsideOfPackage("hob.linux..")
        .should()
        .dependOnClassesThat(
            JavaClass.Predicates.belongToAnyOf(
                Linker.class, FunctionDescriptor.class, SymbolLookup.class))
        .because("the address of every native call is in one module")
        .check(PRODUCTION);
  }

  @Test
  void codeLogsThroughSystemLogger() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.slf4j..", "java.util.logging..", "ch.qos.logback..")
        .because("which logging library there is, is decided where the program starts")
        .check(PRODUCTION);
  }

  @Test
  void everyPackageSaysWhatLivesThere() {
    assertThat(PRODUCTION.stream().map(JavaClass::getPackage).distinct())
        .allMatch(javaPackage ->
            javaPackage.tryGetPackageInfo().isPresent()
                && javaPackage.isAnnotatedWith(NullMarked.class));
  }
}
