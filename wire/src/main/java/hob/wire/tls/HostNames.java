package hob.wire.tls;

import hob.wire.peer.HostInfo;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;

/** The name of a host in its certificate: a subject alternative name {@code hob://NAME}. */
public final class HostNames {
  private static final String SCHEME = "hob://";
  private static final int URI_NAME = 6;

  private HostNames() {}

  /** The subject alternative name of a host. */
  static String uri(String host) {
    return SCHEME + host;
  }

  /**
   * Reads the host's name from a certificate whose chain has been verified.
   *
   * @throws IdentityException.Nameless if it does not name exactly one host
   */
  public static String of(X509Certificate certificate) throws IdentityException {
    Collection<List<?>> names;
    try {
      names = certificate.getSubjectAlternativeNames();
    } catch (CertificateParsingException e) {
      throw new IdentityException.Broken("reading a peer's certificate", e);
    }
    if (names == null) {
      throw new IdentityException.Nameless(certificate);
    }
    List<String> hosts =
        names.stream()
            .filter(name -> name.get(0).equals(URI_NAME))
            .map(name -> String.valueOf(name.get(1)))
            .filter(uri -> uri.startsWith(SCHEME))
            .map(uri -> uri.substring(SCHEME.length()))
            .toList();
    if (hosts.size() != 1 || !HostInfo.isName(hosts.getFirst())) {
      throw new IdentityException.Nameless(certificate);
    }
    return hosts.getFirst();
  }
}
