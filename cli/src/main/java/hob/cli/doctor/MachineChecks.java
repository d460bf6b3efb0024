package hob.cli.doctor;

import hob.cli.doctor.Finding.Fine;
import hob.cli.doctor.Finding.Limited;
import hob.cli.doctor.Finding.Missing;
import java.util.List;

/** Processor, kernel version, JDK. */
final class MachineChecks {
  private static final int OLDEST_KERNEL = 6007;
  private static final int BEST_KERNEL = 6014;
  private static final int OLDEST_JAVA = 25;

  private MachineChecks() {}

  static List<Check> all() {
    return List.of(
        new Check("processor", "injected code and registers", MachineChecks::processor),
        new Check("kernel", "system calls", MachineChecks::kernel),
        new Check("java", "foreign functions, quick start", MachineChecks::java),
        new Check("shadow stack", "moving programs that use it", MachineChecks::shadowStack));
  }

  private static Finding processor() {
    String name = System.getProperty("os.arch");
    return name.equals("amd64")
        ? new Fine("x86-64")
        : new Missing(name, "use a machine with x86-64; others are not supported yet");
  }

  private static Finding kernel() {
    String version = System.getProperty("os.version");
    if (Facts.kernel() < OLDEST_KERNEL) {
      return new Missing("Linux " + version, "install 6.7 or later: PAGEMAP_SCAN is needed");
    }
    return Facts.kernel() < BEST_KERNEL
        ? new Limited(
            "Linux " + version + ": pid_max is one for the whole machine",
            "with 6.14 or later each home and sandbox has its own")
        : new Fine("Linux " + version);
  }

  private static Finding java() {
    int feature = Runtime.version().feature();
    return feature >= OLDEST_JAVA
        ? new Fine("Java " + Runtime.version())
        : new Missing("Java " + feature, "install JDK 25");
  }

  private static Finding shadowStack() {
    boolean used =
        Facts.status("x86_Thread_features")
            .map(features -> features.contains("shstk"))
            .orElse(false);
    return used
        ? new Limited(
            "programs here use shadow stacks",
            "start them with GLIBC_TUNABLES=glibc.cpu.x86_shstk=off")
        : new Fine("not in use");
  }
}
