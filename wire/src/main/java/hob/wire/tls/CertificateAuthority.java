package hob.wire.tls;

import hob.wire.peer.HostInfo;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * The cluster's certificate authority: an EC P-256 key that signs the hosts' certificates.
 *
 * <p>Whoever has {@code authority.key} can join any machine to the cluster, so it lies on one host
 * only, mode 0600, and daemons do without it.
 */
public final class CertificateAuthority {
  /** How long a host's certificate holds unless said otherwise. */
  public static final Duration HOST_VALIDITY = Duration.ofDays(825);

  private static final Duration OWN_VALIDITY = Duration.ofDays(3650);

  /** Clocks of hosts differ: a fresh certificate must already hold where the clock is behind. */
  private static final Duration CLOCK_SKEW = Duration.ofDays(1);

  private static final String KEY = "authority.key";
  private static final String CERTIFICATE = "authority.pem";

  private final PrivateKey key;
  private final X509Certificate certificate;

  private CertificateAuthority(PrivateKey key, X509Certificate certificate) {
    this.key = key;
    this.certificate = certificate;
  }

  /** Loads the authority in {@code dir}; makes a new one if there is none yet. */
  public static CertificateAuthority openOrCreate(Path dir) throws IOException {
    if (Files.exists(dir.resolve(KEY))) {
      return new CertificateAuthority(
          Pem.readKey(dir.resolve(KEY)), Pem.readCertificate(dir.resolve(CERTIFICATE)));
    }
    CertificateAuthority fresh = create();
    try {
      Pem.createDirectory(dir);
      Pem.write(dir.resolve(CERTIFICATE), fresh.certificate);
    } catch (GeneralSecurityException e) {
      throw new IdentityException.Broken("encoding the authority's certificate", e);
    }
    // The key comes last: an authority whose making was cut short is made anew.
    Pem.write(dir.resolve(KEY), fresh.key);
    return fresh;
  }

  /** Makes an authority that lives only in memory, for tests and benchmarks. */
  public static CertificateAuthority create() throws IdentityException {
    try {
      KeyPair pair = newKeyPair();
      // The name tells authorities apart, so that a certificate of another cluster fails clearly.
      X500Principal name = new X500Principal("CN=hob authority " + serial().toString(36));
      Instant now = Instant.now();
      X509v3CertificateBuilder builder = builder(name, name, pair, now, now.plus(OWN_VALIDITY));
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      return new CertificateAuthority(pair.getPrivate(), sign(builder, pair.getPrivate()));
    } catch (GeneralSecurityException | OperatorCreationException | CertIOException e) {
      throw new IdentityException.Broken("making a certificate authority", e);
    }
  }

  /** Issues a key and certificate for {@code host} with the usual validity. */
  public Identity issue(String host) throws IdentityException {
    return issue(host, Instant.now().plus(HOST_VALIDITY));
  }

  /**
   * Issues a key and certificate for {@code host}, valid until {@code end}.
   *
   * @throws IllegalArgumentException if {@code host} is no host name
   */
  public Identity issue(String host, Instant end) throws IdentityException {
    if (!HostInfo.isName(host)) {
      throw new IllegalArgumentException("not a host name: " + host);
    }
    try {
      KeyPair pair = newKeyPair();
      X509v3CertificateBuilder builder =
          builder(
              certificate.getSubjectX500Principal(),
              new X500Principal("CN=" + host),
              pair,
              Instant.now(),
              end);
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      builder.addExtension(
          Extension.extendedKeyUsage,
          false,
          new ExtendedKeyUsage(
              new KeyPurposeId[] {KeyPurposeId.id_kp_clientAuth, KeyPurposeId.id_kp_serverAuth}));
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(
              new GeneralName[] {
                new GeneralName(GeneralName.uniformResourceIdentifier, HostNames.uri(host)),
                new GeneralName(GeneralName.dNSName, host)
              }));
      return new Identity(host, pair.getPrivate(), sign(builder, key), certificate);
    } catch (GeneralSecurityException | OperatorCreationException | CertIOException e) {
      throw new IdentityException.Broken("issuing a certificate for " + host, e);
    }
  }

  private static X509v3CertificateBuilder builder(
      X500Principal issuer, X500Principal subject, KeyPair pair, Instant from, Instant end)
      throws GeneralSecurityException, CertIOException {
    Instant start = from.isBefore(end) ? from : end;
    X509v3CertificateBuilder builder =
        new JcaX509v3CertificateBuilder(
            issuer,
            serial(),
            Date.from(start.minus(CLOCK_SKEW)),
            Date.from(end),
            subject,
            pair.getPublic());
    builder.addExtension(
        Extension.subjectKeyIdentifier,
        false,
        new JcaX509ExtensionUtils().createSubjectKeyIdentifier(pair.getPublic()));
    return builder;
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, PrivateKey key)
      throws GeneralSecurityException, OperatorCreationException {
    return new JcaX509CertificateConverter()
        .getCertificate(builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(key)));
  }

  private static KeyPair newKeyPair() throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"));
    return generator.generateKeyPair();
  }

  private static BigInteger serial() {
    return new BigInteger(127, new SecureRandom());
  }
}
