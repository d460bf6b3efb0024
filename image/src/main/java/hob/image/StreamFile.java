package hob.image;

import hob.image.proto.OpenFile;
import hob.linux.Fd;
import hob.linux.FileStat;
import hob.linux.LinuxException;
import hob.linux.PidFd;
import hob.linux.Terminal;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A stream that leads out of the tree: a terminal here, a pipe by way of {@link PipeFile}. A
 * terminal whose master is in the tree becomes a {@link PseudoTerminalFile}.
 */
final class StreamFile implements FileKind {
  /** {@code /dev/tty}, device 5:0: the terminal that controlled whoever opened it. */
  private static final long DEV_TTY = 5L << 32;

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.STAND_IN;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return (d.flags() & Fd.O_PATH) == 0 && (PtsDevice.is(d.stat()) || isDevTty(d));
  }

  private static boolean isDevTty(ProcessFacts.FdFacts d) {
    return d.stat().isCharacterDevice() && d.stat().deviceNumber() == DEV_TTY;
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    if (!isDevTty(d)) {
      return null;
    }
    try {
      return number(d) >= 0
          ? null
          : "is a terminal of a kind that cannot move (" + d.target() + ")";
    } catch (LinuxException e) {
      return "is a terminal that hung up (" + d.target() + ")";
    }
  }

  private static int number(ProcessFacts.FdFacts d) {
    if (!isDevTty(d)) {
      return PtsDevice.number(PtsDevice.packed(d.stat()));
    }
    try (Fd pidfd = PidFd.open(d.process().pid());
        Fd its = PidFd.get(pidfd, d.number())) {
      return PtsDevice.number(Terminal.device(its));
    }
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    int number = number(d);
    FileStat file = d.stat();
    if (isDevTty(d)) {
      try (var root = p.facts().root()) {
        file = root.stat(("/dev/pts/" + number).getBytes(StandardCharsets.UTF_8));
      }
    }
    OptionalInt own = tree.pseudoTerminals().of(number, file);
    if (own.isPresent()) {
      out.setKind(OpenFile.Kind.PSEUDO_TERMINAL).setPseudoTerminal(own.getAsInt());
    } else {
      tree.standIn(p, d, file, number, out);
    }
  }

  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    return tree.stream(f);
  }
}
