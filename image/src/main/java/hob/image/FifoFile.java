package hob.image;

import com.google.protobuf.ByteString;
import hob.image.proto.OpenFile;
import hob.linux.Fd;
import hob.linux.RootDir;
import hob.linux.Sys;
import org.jspecify.annotations.Nullable;

/**
 * An end of a FIFO, fifo(7), which may be deleted. What stands in it moves along; when others at
 * home have it open it leads there, as a {@link StreamFile}.
 */
final class FifoFile implements FileKind {
  private static final int F_SETFL = 4;

  @Override
  public OpenFile.Kind kind() {
    return OpenFile.Kind.FIFO;
  }

  @Override
  public boolean matches(ProcessFacts.FdFacts d) {
    return d.stat().isFifo() && d.target().startsWith("/") && (d.flags() & Fd.O_PATH) == 0;
  }

  @Override
  public @Nullable String pin(ProcessFacts.FdFacts d) {
    if (d.named()) {
      return null;
    }
    try (RootDir root = d.process().root()) {
      return UnnamedFiles.pin(d.stat(), d.link(), root);
    }
  }

  @Override
  public void describe(
      FrozenProcess p, ProcessFacts.FdFacts d, Collection tree, OpenFile.Builder out) {
    if (tree.leadsOut(d)) {
      tree.standIn(p, d, d.stat(), -1, out);
      return;
    }
    out.setKind(kind()).setPipe(tree.pipe(p, d));
    if (d.named()) {
      out.setPath(ByteString.copyFrom(d.link()));
    } else {
      tree.unnamed(p.facts(), d.path(), d.link(), d.stat(), out);
    }
  }

  /** No end waits for another while it is opened: {@link TreeFiles#fifo} holds both meanwhile. */
  @Override
  public Fd open(OpenFile f, TreeFiles tree) {
    if (f.getInode() != 0) {
      return open(f, tree.remade().named(f.getInode() - 1, f.getInodeName()), tree);
    }
    try (Fd name = tree.root().open(f.getPath().toByteArray(), Fd.O_PATH, 0)) {
      return open(f, name, tree);
    }
  }

  private static Fd open(OpenFile f, Fd name, TreeFiles tree) {
    tree.fifo(f.getPipe(), name);
    int flags = f.getFlags() & ~TreeFiles.ONLY_ONCE & ~Fd.O_NOFOLLOW;
    Fd end = Fd.open(name.path(), flags | Fd.O_NONBLOCK);
    int status = f.getFlags() & ~FileOwners.O_ASYNC;
    Sys.check(end.fcntl(F_SETFL, status), "fcntl", "F_SETFL", status);
    return end;
  }
}
