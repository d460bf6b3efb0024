package hob.wire.link;

import hob.wire.peer.WireException;
import java.net.SocketAddress;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import javax.net.ssl.SSLException;

/** Says in plain words why a TLS handshake failed. */
final class TrustFailure {
  private TrustFailure() {}

  static WireException.Untrusted explain(SocketAddress address, SSLException failure) {
    return new WireException.Untrusted(address, why(failure), failure);
  }

  private static String why(SSLException failure) {
    boolean ofCertificate = false;
    for (Throwable t = failure; t != null; t = t.getCause()) {
      switch (t) {
        case CertificateExpiredException e -> {
          return "its certificate has expired (" + e.getMessage() + "); issue a new one";
        }
        case CertificateNotYetValidException e -> {
          return "its certificate does not hold yet (" + e.getMessage() + "); compare the clocks";
        }
        case CertificateException _ -> ofCertificate = true;
        default -> {}
      }
    }
    if (ofCertificate) {
      return "its certificate is not of this cluster's authority; issue one with that";
    }
    String message = String.valueOf(failure.getMessage());
    if (message.contains("Received fatal alert")) {
      return "it does not accept this host's certificate (%s); issue both with the same authority"
          .formatted(message);
    }
    if (message.contains("Empty client certificate chain")) {
      return "it shows no certificate of this cluster's authority; issue one with that";
    }
    if (message.contains("nrecognized SSL message")) {
      return "it does not speak TLS; is another service listening there?";
    }
    return message;
  }
}
