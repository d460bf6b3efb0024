package hob.wire.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.EnumSet;
import java.util.Set;

/** Keys and certificates as PEM files (RFC 7468). */
final class Pem {
  private static final String KEY = "PRIVATE KEY";
  private static final String CERTIFICATE = "CERTIFICATE";
  private static final Set<PosixFilePermission> OWNER =
      PosixFilePermissions.fromString("rw-------");

  private Pem() {}

  /** Makes a directory that only its owner enters. */
  static void createDirectory(Path dir) throws IOException {
    Files.createDirectories(
        dir, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  static void write(Path file, PrivateKey key) throws IOException {
    write(file, KEY, key.getEncoded());
  }

  static void write(Path file, X509Certificate certificate)
      throws IOException, GeneralSecurityException {
    write(file, CERTIFICATE, certificate.getEncoded());
  }

  /** Appears whole or not at all, and never readable by others, not even for a moment. */
  private static void write(Path file, String label, byte[] der) throws IOException {
    String text =
        "-----BEGIN %s-----%n%s%n-----END %s-----%n"
            .formatted(
                label, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der), label);
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    try (var out =
        Files.newByteChannel(
            fresh, EnumSet.of(CREATE_NEW, WRITE), PosixFilePermissions.asFileAttribute(OWNER))) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(US_ASCII));
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Reads a key, and refuses one that others could have read, as ssh does. */
  static PrivateKey readKey(Path file) throws IOException {
    Set<PosixFilePermission> permissions;
    try {
      permissions = Files.getPosixFilePermissions(file);
    } catch (NoSuchFileException e) {
      throw new IdentityException.Missing(file, e);
    }
    if (!OWNER.containsAll(permissions)) {
      throw new IdentityException.Exposed(file, PosixFilePermissions.toString(permissions));
    }
    try {
      return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(read(file, KEY)));
    } catch (GeneralSecurityException e) {
      throw new IdentityException.Unreadable(file, e);
    }
  }

  static X509Certificate readCertificate(Path file) throws IOException {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(read(file, CERTIFICATE)));
    } catch (GeneralSecurityException e) {
      throw new IdentityException.Unreadable(file, e);
    }
  }

  private static byte[] read(Path file, String label) throws IOException {
    String text;
    try {
      text = Files.readString(file, US_ASCII);
    } catch (NoSuchFileException e) {
      throw new IdentityException.Missing(file, e);
    }
    String begin = "-----BEGIN " + label + "-----";
    int from = text.indexOf(begin);
    int to = text.indexOf("-----END " + label + "-----");
    try {
      if (from < 0 || to < from) {
        throw new IllegalArgumentException("no " + begin);
      }
      return Base64.getMimeDecoder().decode(text.substring(from + begin.length(), to));
    } catch (IllegalArgumentException e) {
      throw new IdentityException.Unreadable(file, e);
    }
  }
}
