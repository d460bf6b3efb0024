package hob.home;

import hob.image.proto.CpuFeatures;
import hob.linux.MemoryLeft;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What this host has for processes that come from elsewhere. Any thread. */
public final class Capacity {
  /** What the kernel or a hypervisor shows of itself says nothing about instructions. */
  private static final Set<String> HARMLESS =
      Set.of(
          "hypervisor",
          "constant_tsc",
          "rep_good",
          "nopl",
          "xtopology",
          "nonstop_tsc",
          "cpuid",
          "tsc_known_freq",
          "tsc_reliable",
          "arch_capabilities",
          "ibrs",
          "ibpb",
          "stibp",
          "ssbd",
          "vmmcall",
          "topoext",
          "extd_apicid",
          "art",
          "pti",
          "md_clear",
          "flush_l1d",
          "arat",
          "tsc_deadline_timer",
          "x2apic",
          "tsc_adjust",
          "npt",
          "svm",
          "vmx",
          "ept",
          "vpid",
          "nrip_save",
          "perfctr_core",
          "arch_perfmon",
          "pdcm",
          "aperfmperf",
          "acpi",
          "ss",
          "ht",
          "tm",
          "pbe",
          "dts",
          "monitor",
          "ds_cpl",
          "est",
          "tm2",
          "dca",
          "ida",
          "pln",
          "pts",
          "hwp",
          "umip",
          "smep",
          "smap",
          "mtrr",
          "pat",
          "pge",
          "mca",
          "mce",
          "de",
          "vme",
          "pse",
          "pse36",
          "pae",
          "msr",
          "cmp_legacy");

  private final Set<String> hidden;
  private final ForeignGroups groups;
  private final boolean outlived;

  private Capacity(Set<String> hidden, ForeignGroups groups, boolean outlived) {
    this.hidden = Set.copyOf(hidden);
    this.groups = groups;
    this.outlived = outlived;
  }

  /** All that the kernel says. */
  public static Capacity all() {
    return without(Set.of());
  }

  /**
   * All that the kernel says, but some CPU features.
   *
   * @param cpuFlags as in {@code /proc/cpuinfo}; those that this host lacks anyway do no harm
   */
  public static Capacity without(Set<String> cpuFlags) {
    return new Capacity(cpuFlags, new ForeignGroups(Map.of()), true);
  }

  /** The same, in the control groups that a rule gives. */
  public Capacity in(ForeignGroups rule) {
    return new Capacity(hidden, rule, outlived);
  }

  /** The same, for processes that nobody misses: they end with this daemon, however it ends. */
  public Capacity mortal() {
    return new Capacity(hidden, groups, false);
  }

  /** Whether processes from elsewhere run on when this daemon has ended. */
  boolean outlived() {
    return outlived;
  }

  /** Where processes from elsewhere run. */
  ForeignGroups groups() {
    return groups;
  }

  /** Flags of the source's CPU that matter to programs and that this host does not offer. */
  List<String> missing(CpuFeatures source) {
    Set<String> here = new HashSet<>(Outlines.cpu().getFlagsList());
    here.removeAll(hidden);
    return source.getFlagsList().stream()
        .filter(f -> !here.contains(f) && !HARMLESS.contains(f))
        .toList();
  }

  /** Bytes of memory that processes may still take, here and in this daemon's control groups. */
  long memory() {
    return MemoryLeft.bytes();
  }
}
