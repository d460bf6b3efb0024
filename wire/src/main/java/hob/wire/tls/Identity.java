package hob.wire.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * A host's private key and certificate, and the authority whose certificates it trusts.
 *
 * <p>In a directory: {@code host.key} (mode 0600), {@code host.pem}, {@code authority.pem}.
 *
 * @param host the name in the certificate
 */
public record Identity(
    String host, PrivateKey key, X509Certificate certificate, X509Certificate authority) {
  private static final String KEY = "host.key";
  private static final String CERTIFICATE = "host.pem";
  private static final String AUTHORITY = "authority.pem";

  /**
   * Reads an identity.
   *
   * @throws IdentityException if a file is missing, readable by others or out of date
   */
  public static Identity load(Path dir) throws IOException {
    X509Certificate certificate = Pem.readCertificate(dir.resolve(CERTIFICATE));
    Identity identity =
        new Identity(
            HostNames.of(certificate),
            Pem.readKey(dir.resolve(KEY)),
            certificate,
            Pem.readCertificate(dir.resolve(AUTHORITY)));
    Instant end = identity.validUntil();
    if (end.isBefore(Instant.now())) {
      throw new IdentityException.Expired(identity.host, end);
    }
    return identity;
  }

  /** Writes the three files; the directory is made with mode 0700 if it does not exist. */
  public void save(Path dir) throws IOException {
    try {
      Pem.createDirectory(dir);
      Pem.write(dir.resolve(KEY), key);
      Pem.write(dir.resolve(CERTIFICATE), certificate);
      Pem.write(dir.resolve(AUTHORITY), authority);
    } catch (GeneralSecurityException e) {
      throw new IdentityException.Broken("encoding the certificate of " + host, e);
    }
  }

  /** When the certificate ends. */
  public Instant validUntil() {
    return certificate.getNotAfter().toInstant();
  }

  /**
   * A context that shows this identity and accepts only peers with a certificate of the same
   * authority. The caller demands TLS 1.3 and a client certificate on each engine.
   */
  public SSLContext sslContext() throws IdentityException {
    try {
      KeyStore trusted = KeyStore.getInstance("PKCS12");
      trusted.load(null, null);
      trusted.setCertificateEntry("authority", authority);
      TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
      trust.init(trusted);

      SSLContext context = SSLContext.getInstance("TLSv1.3");
      context.init(new KeyManager[] {new OneKey(key, certificate)}, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IdentityException.Broken("setting up TLS", e);
    }
  }
}
