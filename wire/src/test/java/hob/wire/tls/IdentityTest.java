package hob.wire.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdentityTest {
  @TempDir Path dir;

  @Test
  void authorityIsMadeOnceAndLoadedAfterwards() throws Exception {
    Identity one = CertificateAuthority.openOrCreate(dir).issue("h1");
    Identity two = CertificateAuthority.openOrCreate(dir).issue("h2");
    assertThat(two.authority()).isEqualTo(one.authority());
    two.certificate().verify(one.authority().getPublicKey());
  }

  @Test
  void authorityWhoseMakingWasCutShortIsMadeAnew() throws Exception {
    CertificateAuthority.openOrCreate(dir);
    Files.delete(dir.resolve("authority.key"));
    Identity identity = CertificateAuthority.openOrCreate(dir).issue("h1");
    identity.certificate().verify(identity.authority().getPublicKey());
  }

  @Test
  void savedIdentityIsLoadedAsItWas() throws Exception {
    Identity identity = CertificateAuthority.create().issue("h1.example_net");
    identity.save(dir.resolve("h1"));
    assertThat(Identity.load(dir.resolve("h1"))).isEqualTo(identity);
  }

  @Test
  void keysAreForTheirOwnerOnly() throws Exception {
    CertificateAuthority.openOrCreate(dir.resolve("authority")).issue("h1").save(dir.resolve("h1"));
    assertThat(mode(dir.resolve("h1"))).isEqualTo("rwx------");
    assertThat(mode(dir.resolve("h1/host.key"))).isEqualTo("rw-------");
    assertThat(mode(dir.resolve("authority/authority.key"))).isEqualTo("rw-------");
  }

  @Test
  void keyThatOthersMayReadIsRefused() throws Exception {
    CertificateAuthority.create().issue("h1").save(dir);
    Files.setPosixFilePermissions(
        dir.resolve("host.key"), PosixFilePermissions.fromString("rw-r-----"));
    assertThatThrownBy(() -> Identity.load(dir))
        .isInstanceOf(IdentityException.Exposed.class)
        .hasMessageContaining("chmod 600");
  }

  @Test
  void expiredIdentityIsRefused() throws Exception {
    CertificateAuthority.create().issue("h1", Instant.now().minusSeconds(5)).save(dir);
    assertThatThrownBy(() -> Identity.load(dir))
        .isInstanceOf(IdentityException.Expired.class)
        .hasMessageContaining("the certificate of h1 is valid only until");
  }

  @Test
  void missingAndDamagedFilesAreNamed() throws Exception {
    assertThatThrownBy(() -> Identity.load(dir))
        .isInstanceOf(IdentityException.Missing.class)
        .hasMessageContaining("host.pem does not exist");
    CertificateAuthority.create().issue("h1").save(dir);
    Files.writeString(dir.resolve("host.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n");
    assertThatThrownBy(() -> Identity.load(dir))
        .isInstanceOf(IdentityException.Unreadable.class)
        .hasMessageContaining("host.pem");
  }

  @Test
  void certificateThatNamesNoHostIsRefused() throws Exception {
    Identity identity = CertificateAuthority.create().issue("h1");
    assertThat(HostNames.of(identity.certificate())).isEqualTo("h1");
    assertThatThrownBy(() -> HostNames.of(identity.authority()))
        .isInstanceOf(IdentityException.Nameless.class);
  }

  @Test
  void onlyHostNamesGetCertificates() throws Exception {
    CertificateAuthority authority = CertificateAuthority.create();
    assertThatIllegalArgumentException().isThrownBy(() -> authority.issue("h1,hob://h2"));
    assertThatIllegalArgumentException().isThrownBy(() -> authority.issue(""));
  }

  private static String mode(Path file) throws Exception {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }
}
