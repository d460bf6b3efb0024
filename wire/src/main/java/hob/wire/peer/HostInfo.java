package hob.wire.peer;

import java.util.Set;

/**
 * What a host says about itself when a connection opens.
 *
 * @param name the host's name; over TLS the one in its certificate, whatever it says
 * @param architecture as {@code uname -m} prints it, for example {@code x86_64}
 * @param incarnation differs each time the daemon of that host starts, so that a peer notices that
 *     what it knew of the old one no longer holds
 * @param features names of optional abilities; a feature that either side lacks is not used
 */
public record HostInfo(String name, String architecture, long incarnation, Set<String> features) {
  /** A host name is at most this long, as in {@code gethostname(2)}. */
  public static final int MAX_NAME = 64;

  public HostInfo {
    features = Set.copyOf(features);
  }

  /** Tells whether {@code name} may be a host's name: letters, digits, dots and hyphens. */
  public static boolean isName(String name) {
    return !name.isEmpty()
        && name.length() <= MAX_NAME
        && name.chars()
            .allMatch(c ->
                (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || c == '-'
                    || c == '.'
                    || c == '_');
  }
}
