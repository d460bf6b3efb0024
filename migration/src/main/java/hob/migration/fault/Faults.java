package hob.migration.fault;

/** Asked at each point of the protocol. */
@FunctionalInterface
public interface Faults {
  /** No faults. */
  Faults NONE = _ -> {};

  /**
   * A role has reached a point; any thread. May not return at all.
   *
   * @throws InjectedFaultException to let the step fail
   */
  void at(FaultPoint point);
}
