package hob.bench.files;

import java.io.IOException;

/** Ways to change files, each with what another host may have kept of the state before. */
enum Change {
  CREATE {
    @Override
    void prepare(Place home, String file) throws IOException {
      home.delete(file);
    }

    @Override
    void make(Place at, String file, int round) throws IOException {
      at.write(file, "made in " + round);
    }
  },
  DELETE {
    @Override
    void make(Place at, String file, int round) throws IOException {
      at.delete(file);
    }
  },
  RENAME_OVER {
    @Override
    void make(Place at, String file, int round) throws IOException {
      at.write(file + "-new", "moved in " + round);
      at.rename(file + "-new", file);
    }
  },
  RENAME_AWAY {
    @Override
    void make(Place at, String file, int round) throws IOException {
      at.rename(file, file + "-away");
    }
  },
  REWRITE {
    @Override
    void make(Place at, String file, int round) throws IOException {
      at.overwrite(file, "%016d".formatted(round));
    }
  },
  APPEND {
    @Override
    void make(Place at, String file, int round) throws IOException {
      at.append(file, "more in " + round);
    }
  },
  TRUNCATE {
    @Override
    void make(Place at, String file, int round) throws IOException {
      at.truncate(file, round % 16);
    }
  },
  CHMOD {
    @Override
    void make(Place at, String file, int round) throws IOException {
      at.chmod(file, round % 2 == 0 ? "rwxr-x---" : "r--r--r--");
    }
  },
  LINK {
    @Override
    void prepare(Place home, String file) throws IOException {
      home.delete(file + "-away");
      super.prepare(home, file);
    }

    @Override
    void make(Place at, String file, int round) throws IOException {
      at.link(file, file + "-away");
    }
  },
  SYMLINK_SWAP {
    @Override
    void prepare(Place home, String file) throws IOException {
      home.delete(file);
      home.symlink("nowhere", file);
    }

    @Override
    void make(Place at, String file, int round) throws IOException {
      at.symlink("target-" + round, file + "-new");
      at.rename(file + "-new", file);
    }
  },
  SHARED_MAPPING {
    @Override
    void make(Place at, String file, int round) {
      try (Place.Mapping mapping = at.new Mapping(file)) {
        mapping.store("%016d".formatted(round));
      }
    }
  };

  /** The state before, made at home. */
  void prepare(Place home, String file) throws IOException {
    home.delete(file);
    home.write(file, "%016d".formatted(0));
  }

  /** The change. */
  abstract void make(Place at, String file, int round) throws IOException;
}
