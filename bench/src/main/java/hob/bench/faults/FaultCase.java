package hob.bench.faults;

import hob.migration.fault.FaultPoint;
import hob.wire.proto.FaultArmRequest.Action;
import java.util.ArrayList;
import java.util.List;

/**
 * One combination.
 *
 * @param roles which hosts have which roles
 * @param point where the fault strikes
 * @param action what strikes
 */
public record FaultCase(Roles roles, FaultPoint point, Action action) {
  /** Who is source and target; h1 is the home. */
  public enum Roles {
    /** The first move of a process. */
    AWAY("h1", "h2"),
    /** From one foreign host to another. */
    ONWARD("h2", "h3"),
    /** Home. */
    HOMEWARD("h2", "h1");

    private final String source;
    private final String target;

    Roles(String source, String target) {
      this.source = source;
      this.target = target;
    }

    String source() {
      return source;
    }

    String target() {
      return target;
    }
  }

  /** Whose daemon the fault strikes. */
  String victim() {
    String role = point.word().substring(0, point.word().indexOf('.'));
    return switch (role) {
      case "source" -> roles.source;
      case "target" -> roles.target;
      default -> "h1";
    };
  }

  /** Whether only a move that is called off after the target is prepared comes there. */
  boolean isOff() {
    return point == FaultPoint.HOME_STAYING
        || point == FaultPoint.SOURCE_STAYING
        || point == FaultPoint.TARGET_DESTROYING;
  }

  /** Every combination. */
  public static List<FaultCase> all(List<Action> actions) {
    List<FaultCase> all = new ArrayList<>();
    for (Roles roles : Roles.values()) {
      for (FaultPoint point : FaultPoint.values()) {
        for (Action action : actions) {
          all.add(new FaultCase(roles, point, action));
        }
      }
    }
    return all;
  }

  @Override
  public String toString() {
    return "%s %s %s".formatted(roles, point.word(), action).toLowerCase(java.util.Locale.ROOT);
  }
}
