package hob.wire.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** This host cannot show who it is. The message is one line that says what to do. */
public abstract sealed class IdentityException extends IOException {
  private IdentityException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }

  /** Never null, unlike that of other throwables. */
  @Override
  public final String getMessage() {
    return String.valueOf(super.getMessage());
  }

  /** A key or certificate file does not exist. */
  public static final class Missing extends IdentityException {
    Missing(Path file, Throwable cause) {
      super(file + " does not exist; issue a certificate for this host", cause);
    }
  }

  /** Others may read a private key. */
  public static final class Exposed extends IdentityException {
    Exposed(Path file, String permissions) {
      super(
          "%s is a private key with permissions %s; chmod 600 it, or issue a new one"
              .formatted(file, permissions),
          null);
    }
  }

  /** A file holds something else than it should. */
  public static final class Unreadable extends IdentityException {
    Unreadable(Path file, Throwable cause) {
      super(file + " cannot be read: " + cause.getMessage() + "; issue a new one", cause);
    }
  }

  /** A certificate is out of date. */
  public static final class Expired extends IdentityException {
    Expired(String host, Instant at) {
      super(
          "the certificate of %s is valid only until %s; issue a new one".formatted(host, at),
          null);
    }
  }

  /** A certificate does not name exactly one host. */
  public static final class Nameless extends IdentityException {
    Nameless(X509Certificate certificate) {
      super(
          "the certificate of %s names no host of hob; issue one with hob"
              .formatted(certificate.getSubjectX500Principal()),
          null);
    }
  }

  /** The JDK's security providers failed. */
  public static final class Broken extends IdentityException {
    Broken(String what, Throwable cause) {
      super(what + " failed: " + cause.getMessage() + "; check the JDK's security settings", cause);
    }
  }
}
