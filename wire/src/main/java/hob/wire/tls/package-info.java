/**
 * Identities: who may speak to whom. A certificate authority of the cluster's own gives each host a
 * certificate with its name; both ends of a connection show theirs (mutual TLS 1.3).
 *
 * <p>{@link hob.wire.tls.CertificateAuthority} is the only class that uses BouncyCastle; a host
 * that only loads its {@link hob.wire.tls.Identity} needs nothing but the JDK.
 *
 * <p>Called while a daemon or a command starts; no threads of its own.
 */
@NullMarked
package hob.wire.tls;

import org.jspecify.annotations.NullMarked;
