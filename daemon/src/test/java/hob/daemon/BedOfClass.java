package hob.daemon;

import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A {@link Bed} for the tests of a class, which is made anew when the class is run again. */
final class BedOfClass implements BeforeAllCallback, AfterAllCallback {
  private final Supplier<Bed> up;
  private @Nullable Bed bed;

  BedOfClass(String name) {
    this(() -> Bed.up(name));
  }

  BedOfClass(Supplier<Bed> up) {
    this.up = up;
  }

  Bed bed() {
    return Objects.requireNonNull(bed, "before the first test");
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    bed = up.get();
  }

  @Override
  public void afterAll(ExtensionContext context) {
    bed().close();
  }
}
