// A program that does random legal things with the kernel and knows what must come of each.
//
//   random SEED MILLIS
//
// The seed says what it does. It keeps `things`: mappings, files, pipes, sockets, timers, threads,
// children, each with what is known of it. Every step makes one, changes one, or checks one; at the
// end all are checked. Whatever is not as it must be is told in one line, and the exit status is 1.
// Interrupted system calls are repeated only where signal(7) says that a stop may interrupt them.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>

#define PAGE 4096L
#define MAX_THINGS 40
#define MAX_DEPTH 3

static uint64_t seed, state, step;
static int depth;
static int64_t end_at;
static const char *doing = "start";
static char *self_path;

// ------------------------------------------------------------------ randomness and complaints

static uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

static uint64_t next(void) { return mix(state += 0x9e3779b97f4a7c15u); }

static long any(long below) { return (long)(next() % (uint64_t)below); }

__attribute__((format(printf, 1, 2), noreturn)) static void wrong(const char *what, ...) {
  char line[600];
  int e = errno, n;
  va_list args;
  n = snprintf(line, 200, "seed %llu, pid %d, depth %d, step %llu, %s: ", (unsigned long long)seed,
      getpid(), depth, (unsigned long long)step, doing);
  va_start(args, what);
  n += vsnprintf(line + n, 300, what, args);
  va_end(args);
  n += snprintf(line + n, 90, " (errno %d, %s)\n", e, strerror(e));
  if (write(2, line, n) < 0) _exit(2);
  _exit(1);
}

#define MUST(holds, ...) do { if (!(holds)) wrong(__VA_ARGS__); } while (0)
#define CALL(call) ({ long r_ = (long)(call); MUST(r_ != -1, "%s", #call); r_; })
// Where signal(7) lets a stop interrupt without a handler.
#define AGAIN(call) ({ long r_; do r_ = (long)(call); while (r_ == -1 && errno == EINTR); \
    MUST(r_ != -1, "%s", #call); r_; })

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fill(unsigned char *at, long n, uint64_t key) {
  for (long i = 0; i < n; i++) at[i] = (unsigned char)(mix(key + i / 8) >> (i % 8 * 8));
}

static void same(const unsigned char *at, long n, uint64_t key, const char *what) {
  for (long i = 0; i < n; i++) {
    unsigned char want = (unsigned char)(mix(key + i / 8) >> (i % 8 * 8));
    MUST(at[i] == want, "%s: byte %ld of %ld is %02x, not %02x", what, i, n, at[i], want);
  }
}

static void pause_millis(long millis) {
  struct timespec t = {millis / 1000, millis % 1000 * 1000000};
  int64_t start = now();
  MUST(nanosleep(&t, NULL) == 0, "nanosleep of %ld ms was cut short", millis);
  MUST(now() - start >= millis * 1000000, "nanosleep of %ld ms took %lld us", millis,
      (long long)(now() - start) / 1000);
}

// ------------------------------------------------------------------ things

struct thing {
  const char *name;
  void (*change)(struct thing *);
  void (*check)(struct thing *);
  void (*drop)(struct thing *);
  int shared;  // with the parent after a fork: a child keeps away from it
  int children;  // that it has, and waits for
  int fd, fd2;
  unsigned char *at;
  long size, a, b;
  uint64_t key;
  void *more;
};

static struct thing things[MAX_THINGS];
static int count;

static struct thing *add(const char *name, int shared, void (*change)(struct thing *),
    void (*check)(struct thing *), void (*drop)(struct thing *)) {
  struct thing *t = &things[count++];
  memset(t, 0, sizeof *t);
  t->name = name;
  t->shared = shared;
  t->change = change;
  t->check = check;
  t->drop = drop;
  t->fd = t->fd2 = -1;
  t->key = next();
  return t;
}

static void drop_fds(struct thing *t) {
  if (t->fd >= 0) CALL(close(t->fd));
  if (t->fd2 >= 0) CALL(close(t->fd2));
}

static void no_change(struct thing *t) { t->check(t); }

// ------------------------------------------------------------------ memory

static int protection_of(struct thing *t) { return (int)t->a; }

static void memory_check(struct thing *t) {
  if (!(protection_of(t) & PROT_READ)) CALL(mprotect(t->at, t->size, PROT_READ));
  same(t->at, t->size, t->key, t->name);
  if (!(protection_of(t) & PROT_READ)) CALL(mprotect(t->at, t->size, protection_of(t)));
}

static void memory_write(struct thing *t) {
  CALL(mprotect(t->at, t->size, PROT_READ | PROT_WRITE));
  t->key = next();
  fill(t->at, t->size, t->key);
  t->a = PROT_READ | PROT_WRITE;
}

static void memory_change(struct thing *t) {
  switch (any(5)) {
    case 0:
      memory_write(t);
      break;
    case 1: {  // other protection, for a part and then for all
      static const int some[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC};
      int p = some[any(4)];
      CALL(mprotect(t->at, PAGE, p));
      CALL(mprotect(t->at, t->size, p));
      t->a = p;
      break;
    }
    case 2: {  // larger, wherever there is room
      if (t->size > 64 * PAGE || t->b) break;
      memory_check(t);
      long more = (1 + any(8)) * PAGE;
      CALL(mprotect(t->at, t->size, PROT_READ | PROT_WRITE));
      t->a = PROT_READ | PROT_WRITE;
      t->at = mremap(t->at, t->size, t->size + more, MREMAP_MAYMOVE);
      MUST(t->at != MAP_FAILED, "mremap");
      fill(t->at, t->size + more, t->key);
      t->size += more;
      break;
    }
    case 3: {  // smaller from its end, or with a hole mapped anew
      if (t->size <= PAGE || t->b) break;
      CALL(munmap(t->at + t->size - PAGE, PAGE));
      t->size -= PAGE;
      break;
    }
    default:
      if (t->b) break;
      memory_write(t);
      CALL(munlock(t->at, t->size));
      CALL(madvise(t->at, t->size, MADV_DONTNEED));
      for (long i = 0; i < t->size; i++) MUST(t->at[i] == 0, "MADV_DONTNEED left byte %ld", i);
      memory_write(t);
  }
}

static void memory_drop(struct thing *t) { CALL(munmap(t->at, t->size)); }

static void memory_make(void) {
  struct thing *t = add("memory", 0, memory_change, memory_check, memory_drop);
  static const int flags[] = {0, MAP_NORESERVE, MAP_POPULATE};
  t->size = (1 + any(40)) * PAGE;
  t->at = mmap(NULL, t->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags[any(3)], -1, 0);
  MUST(t->at != MAP_FAILED, "mmap");
  if (any(3) == 0) CALL(madvise(t->at, t->size, any(2) ? MADV_RANDOM : MADV_HUGEPAGE));
  if (any(4) == 0) mlock(t->at, t->size);  // may be beyond the limit
  memory_write(t);
}

static void shared_memory_make(void) {
  struct thing *t = add("shared memory", 1, memory_change, memory_check, memory_drop);
  t->b = 1;
  t->size = (1 + any(20)) * PAGE;
  t->at = mmap(NULL, t->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  MUST(t->at != MAP_FAILED, "mmap");
  memory_write(t);
}

// A file mapped privately: unchanged pages are the file's, others its own.
static void file_map_make(void) {
  struct thing *t = add("file mapping", 0, memory_change, memory_check, memory_drop);
  char name[64];
  unsigned char block[PAGE];
  t->b = 1;
  t->size = 3 * PAGE;
  snprintf(name, sizeof name, "map.%d.%llu", getpid(), (unsigned long long)step);
  int fd = CALL(open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
  for (int i = 0; i < 3; i++) {
    fill(block, PAGE, t->key + i * PAGE / 8);
    MUST(write(fd, block, PAGE) == PAGE, "write");
  }
  t->at = mmap(NULL, t->size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  MUST(t->at != MAP_FAILED, "mmap");
  t->a = PROT_READ | PROT_WRITE;
  if (any(2)) fill(t->at, PAGE, t->key);
  CALL(close(fd));
  if (any(2)) CALL(unlink(name));
}

// A file mapped shared: what is written to one shows in the other.
static void file_share_check(struct thing *t) {
  unsigned char block[PAGE];
  t->key = next();
  fill(t->at, t->size, t->key);
  CALL(msync(t->at, t->size, MS_SYNC));
  MUST(pread(t->fd, block, PAGE, 0) == PAGE, "pread");
  same(block, PAGE, t->key, "the file behind a shared mapping");
}

static void file_share_drop(struct thing *t) {
  CALL(munmap(t->at, t->size));
  drop_fds(t);
}

static void file_share_make(void) {
  struct thing *t = add("shared file mapping", 1, file_share_check, file_share_check, file_share_drop);
  t->size = 2 * PAGE;
  if (any(2)) {
    t->fd = CALL(memfd_create("random", MFD_ALLOW_SEALING));
  } else {
    t->fd = CALL(open(".", O_RDWR | O_TMPFILE, 0600));
  }
  CALL(ftruncate(t->fd, t->size));
  t->at = mmap(NULL, t->size, PROT_READ | PROT_WRITE, MAP_SHARED, t->fd, 0);
  MUST(t->at != MAP_FAILED, "mmap");
}

static void heap_check(struct thing *t) { same(t->at, t->size, t->key, "heap"); }
static void heap_drop(struct thing *t) { free(t->at); }

static void heap_change(struct thing *t) {
  t->size += any(5000);
  t->at = realloc(t->at, t->size);
  MUST(t->at, "realloc");
  fill(t->at, t->size, t->key);
}

static void heap_make(void) {
  struct thing *t = add("heap", 0, heap_change, heap_check, heap_drop);
  t->size = 1 + any(100000);
  t->at = malloc(t->size);
  MUST(t->at, "malloc");
  fill(t->at, t->size, t->key);
}

static uint64_t deep(int levels, uint64_t key) {
  volatile unsigned char frame[2000];
  fill((unsigned char *)frame, sizeof frame, key);
  uint64_t below = levels == 0 ? 0 : deep(levels - 1, key + 1);
  if (levels == 0) pause_millis(any(20));
  same((unsigned char *)frame, sizeof frame, key, "stack");
  return below + mix(key);
}

static void stack_once(void) {
  uint64_t key = next(), want = 0;
  int levels = (int)any(150);
  for (int i = 0; i <= levels; i++) want += mix(key + i);
  MUST(deep(levels, key) == want, "a deep stack");
}

static void floats_once(void) {
  double a[8], b[8];
  for (int i = 0; i < 8; i++) a[i] = b[i] = 1 + (double)any(1000) / 1000;
  long rounds = 200000 + any(400000);
  for (long r = 0; r < rounds; r++) for (int i = 0; i < 8; i++) a[i] = a[i] * 1.0000001 + 1e-9;
  for (long r = 0; r < rounds; r++) for (int i = 0; i < 8; i++) b[i] = b[i] * 1.0000001 + 1e-9;
  MUST(memcmp(a, b, sizeof a) == 0, "the same sum twice");
}

// ------------------------------------------------------------------ files

static void file_check(struct thing *t) {
  unsigned char *b = malloc(t->size + 1);
  long at = CALL(lseek(t->fd, 0, SEEK_CUR));
  MUST(at == t->a, "position %ld, not %ld", at, t->a);
  MUST(pread(t->fd, b, t->size + 1, 0) == t->size, "size");
  same(b, t->size, t->key, "contents");
  int flags = CALL(fcntl(t->fd, F_GETFL));
  MUST((flags & O_APPEND) == t->b, "flags %o", flags);
  MUST(CALL(fcntl(t->fd2, F_GETFD)) == FD_CLOEXEC, "close-on-exec");
  struct stat one, two;
  CALL(fstat(t->fd, &one));
  CALL(fstat(t->fd2, &two));
  MUST(one.st_ino == two.st_ino, "duplicates lead to two files");
  free(b);
}

static void file_change(struct thing *t) {
  unsigned char b[1000];
  if (any(3) == 0 && t->size > 0) {
    long keep = any(t->size);
    CALL(ftruncate(t->fd, keep));
    t->size = keep;
  }
  // Append, by either of the duplicates, which share the position.
  long n = 1 + any(sizeof b);
  for (long i = 0; i < n; i++) b[i] = (unsigned char)(mix(t->key + (t->size + i) / 8) >> ((t->size + i) % 8 * 8));
  CALL(lseek(t->fd2, t->size, SEEK_SET));
  MUST(write(any(2) ? t->fd : t->fd2, b, n) == n, "write");
  t->size += n;
  t->a = CALL(lseek(t->fd, any(t->size + 1), SEEK_SET));
}

static void file_make(void) {
  struct thing *t = add("file", 1, file_change, file_check, drop_fds);
  char name[64];
  snprintf(name, sizeof name, "file.%d.%llu", getpid(), (unsigned long long)step);
  t->b = any(2) ? O_APPEND : 0;
  if (any(4) == 0) {
    t->fd = CALL(open(".", O_TMPFILE | O_RDWR | t->b, 0640));
  } else {
    t->fd = CALL(open(name, O_RDWR | O_CREAT | O_EXCL | t->b, 0640));
    if (any(2)) CALL(unlink(name));
  }
  t->fd2 = CALL(fcntl(t->fd, F_DUPFD_CLOEXEC, 50 + any(100)));
  file_change(t);
}

static int can_lock(const char *name, int how) {
  pid_t child = fork();
  if (child == 0) {
    int fd = open(name, O_RDWR);
    struct flock l = {.l_type = F_WRLCK, .l_start = 10, .l_len = 10};
    int r = fd < 0 ? 2 : how == 0 ? fcntl(fd, F_SETLK, &l) : flock(fd, LOCK_EX | LOCK_NB);
    _exit(fd < 0 ? 2 : r == 0 ? 0 : errno == EAGAIN || errno == EACCES || errno == EWOULDBLOCK ? 1 : 3);
  }
  int status;
  MUST(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status), "the child that locks");
  MUST(WEXITSTATUS(status) < 2, "the child that locks fails: %d", WEXITSTATUS(status));
  return WEXITSTATUS(status) == 0;
}

static void lock_check(struct thing *t) { MUST(!can_lock(t->more, (int)t->a), "a lock that is held was given away"); }

static void lock_drop(struct thing *t) {
  // A child that has just been forked may still have the file open.
  if (t->a) CALL(flock(t->fd, LOCK_UN));
  drop_fds(t);
  MUST(can_lock(t->more, (int)t->a), "a lock that nobody holds is held");
  CALL(unlink(t->more));
  free(t->more);
}

static void lock_make(void) {
  struct thing *t = add("lock", 1, no_change, lock_check, lock_drop);
  char name[64];
  snprintf(name, sizeof name, "lock.%d.%llu", getpid(), (unsigned long long)step);
  t->more = strdup(name);
  t->fd = CALL(open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  t->a = any(2);
  struct flock l = {.l_type = F_WRLCK, .l_start = 5, .l_len = 10};
  if (t->a == 0) CALL(fcntl(t->fd, F_SETLK, &l));
  else CALL(flock(t->fd, LOCK_EX));
}

// An open file description's own lock, or a lease: nobody else asks for the file.
static void lease_check(struct thing *t) {
  if (t->a) {
    MUST(CALL(fcntl(t->fd, F_GETLEASE)) == t->b, "a lease is another");
    return;
  }
  struct flock l = {.l_type = F_WRLCK, .l_start = 10, .l_len = 10};
  int other = CALL(open(t->more, O_RDWR | O_CLOEXEC));
  errno = 0;
  MUST(fcntl(other, F_OFD_SETLK, &l) == -1 && errno == EAGAIN, "a lock of a description was given away");
  CALL(close(other));
}

static void lease_drop(struct thing *t) {
  if (t->a) CALL(fcntl(t->fd, F_SETLEASE, F_UNLCK));
  drop_fds(t);
  CALL(unlink(t->more));
  free(t->more);
}

static void lease_make(void) {
  struct thing *t = add("lease", 1, no_change, lease_check, lease_drop);
  char name[64];
  snprintf(name, sizeof name, "lease.%d.%llu", getpid(), (unsigned long long)step);
  t->more = strdup(name);
  t->fd = CALL(open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  t->a = any(2);
  t->b = F_WRLCK;
  struct flock l = {.l_type = any(2) ? F_WRLCK : F_RDLCK, .l_start = 5, .l_len = 10};
  if (t->a == 0) CALL(fcntl(t->fd, F_OFD_SETLK, &l));
  else CALL(fcntl(t->fd, F_SETLEASE, F_WRLCK));
}

// A sealed memfd: its contents and seals stay.
static void sealed_check(struct thing *t) {
  unsigned char block[PAGE];
  MUST(CALL(fcntl(t->fd, F_GET_SEALS)) == t->a, "seals");
  MUST(pread(t->fd, block, PAGE, 0) == PAGE, "pread");
  same(block, PAGE, t->key, "a sealed file");
  errno = 0;
  MUST(pwrite(t->fd, block, 1, 0) == -1 && errno == EPERM, "a sealed file was written");
}

static void sealed_make(void) {
  struct thing *t = add("sealed memory", 1, no_change, sealed_check, drop_fds);
  unsigned char block[PAGE];
  fill(block, PAGE, t->key);
  t->fd = CALL(memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC));
  MUST(write(t->fd, block, PAGE) == PAGE, "write");
  t->a = F_SEAL_WRITE | (any(2) ? F_SEAL_SHRINK | F_SEAL_GROW : 0) | (any(2) ? F_SEAL_SEAL : 0);
  CALL(fcntl(t->fd, F_ADD_SEALS, (int)t->a));
}

// A directory that is read a bit at a time, and one known by its descriptor alone.
static void directory_check(struct thing *t) {
  struct stat is;
  CALL(fstat(t->fd2, &is));
  MUST((long)is.st_ino == t->b && S_ISDIR(is.st_mode), "what an O_PATH descriptor leads to");
  char entries[64];
  long n = syscall(SYS_getdents64, t->fd, entries, sizeof entries);
  MUST(n >= 0, "getdents64");
  if (n == 0) {
    MUST(t->a == 2, "%ld entries of an empty directory", t->a);
    CALL(lseek(t->fd, 0, SEEK_SET));
    t->a = 0;
  }
  for (long at = 0; at < n; at += *(unsigned short *)(entries + at + 16)) t->a++;
}

static void directory_drop(struct thing *t) {
  drop_fds(t);
  CALL(rmdir(t->more));
  free(t->more);
}

static void directory_make(void) {
  struct thing *t = add("directory", 1, directory_check, directory_check, directory_drop);
  struct stat is;
  char name[64];
  snprintf(name, sizeof name, "directory.%d.%llu", getpid(), (unsigned long long)step);
  CALL(mkdir(name, 0700));
  t->more = strdup(name);
  t->fd = CALL(open(name, O_RDONLY | O_DIRECTORY));
  t->fd2 = CALL(open(name, O_PATH | O_CLOEXEC));
  CALL(fstat(t->fd2, &is));
  t->b = (long)is.st_ino;
}

// ------------------------------------------------------------------ System V

static void sysv_check(struct thing *t) {
  same(t->at, t->size, t->key, "attached shared memory");
  struct shmid_ds of;
  CALL(shmctl((int)t->a, IPC_STAT, &of));
  MUST((long)of.shm_segsz == t->size && of.shm_nattch >= 1, "its size and who has it");
}

static void sysv_change(struct thing *t) {
  t->key = next();
  fill(t->at, t->size, t->key);
}

static void sysv_drop(struct thing *t) {
  CALL(shmctl((int)t->a, IPC_RMID, NULL));
  CALL(shmdt(t->at));
}

static void sysv_make(void) {
  struct thing *t = add("System V memory", 1, sysv_change, sysv_check, sysv_drop);
  t->size = (1 + any(10)) * PAGE;
  t->a = CALL(shmget(IPC_PRIVATE, t->size, IPC_CREAT | 0600));
  t->at = shmat((int)t->a, NULL, 0);
  MUST(t->at != (void *)-1, "shmat");
  sysv_change(t);
}

struct note {
  long type;
  uint64_t value;
};

// a messages were sent, b taken; of two semaphores the one counts those that wait.
static void notes_change(struct thing *t) {
  struct sembuf up = {1, 1, 0};
  // A queue that nobody has used is nobody's.
  while (t->a == 0 || (t->a - t->b < 6 && any(3))) {
    struct note n = {1 + any(3), mix(t->key + t->a++)};
    CALL(msgsnd(t->fd, &n, sizeof n.value, 0));
    CALL(semop(t->fd2, &up, 1));
  }
}

static void notes_check(struct thing *t) {
  MUST(CALL(semctl(t->fd2, 0, GETVAL)) == t->size, "a semaphore");
  MUST(CALL(semctl(t->fd2, 1, GETVAL)) == t->a - t->b, "the other semaphore");
  struct sembuf down = {1, -1, 0};
  for (; t->b < t->a; t->b++) {
    struct note n;
    CALL(semop(t->fd2, &down, 1));
    MUST(msgrcv(t->fd, &n, sizeof n.value, 0, IPC_NOWAIT) == sizeof n.value && n.value == mix(t->key + t->b), "message %ld", t->b);
  }
}

static void notes_drop(struct thing *t) {
  CALL(msgctl(t->fd, IPC_RMID, NULL));
  CALL(semctl(t->fd2, 0, IPC_RMID));
}

static void notes_make(void) {
  struct thing *t = add("System V queue", 2, notes_change, notes_check, notes_drop);
  t->fd = CALL(msgget(IPC_PRIVATE, IPC_CREAT | 0600));
  t->fd2 = CALL(semget(IPC_PRIVATE, 2, IPC_CREAT | 0600));
  t->size = any(1000);
  CALL(semctl(t->fd2, 0, SETVAL, (int)t->size));
  CALL(semctl(t->fd2, 1, SETVAL, 0));
  notes_change(t);
}

// ------------------------------------------------------------------ pipes and sockets

// a bytes were written, b were read, of a stream that t->key tells.
static void stream_put(struct thing *t, int fd, long n) {
  unsigned char b[3000];
  for (long i = 0; i < n; i++) b[i] = (unsigned char)(mix(t->key + (t->a + i) / 8) >> ((t->a + i) % 8 * 8));
  for (long done = 0; done < n;) {
    long r = CALL(write(fd, b + done, n - done));
    done += r;
  }
  t->a += n;
}

static void stream_take(struct thing *t, int fd, long n) {
  unsigned char b[3000], want;
  for (long done = 0; done < n;) {
    long r = CALL(read(fd, b, n - done < (long)sizeof b ? n - done : (long)sizeof b));
    MUST(r > 0, "the stream ended after %ld of %ld bytes", t->b, t->a);
    for (long i = 0; i < r; i++, t->b++) {
      want = (unsigned char)(mix(t->key + t->b / 8) >> (t->b % 8 * 8));
      MUST(b[i] == want, "byte %ld of the stream is %02x, not %02x", t->b, b[i], want);
    }
    done += r;
  }
}

static void stream_change(struct thing *t) {
  if (t->a - t->b < 20000) stream_put(t, t->fd2, 1 + any(3000));
  if (any(2) && t->a > t->b) stream_take(t, t->fd, 1 + any(t->a - t->b));
}

static void stream_check(struct thing *t) {
  struct pollfd p = {.fd = t->fd, .events = POLLIN};
  int ready = CALL(poll(&p, 1, 0));
  MUST((ready == 1) == (t->a > t->b), "poll says %d with %ld bytes under way", ready, t->a - t->b);
  stream_take(t, t->fd, t->a - t->b);
}

static void pipe_make(void) {
  struct thing *t = add("pipe", 1, stream_change, stream_check, drop_fds);
  int fds[2];
  CALL(pipe2(fds, any(2) ? O_CLOEXEC : 0));
  t->fd = fds[0];
  t->fd2 = fds[1];
  if (any(3) == 0) CALL(fcntl(t->fd2, F_SETPIPE_SZ, 1 << (16 + any(3))));
  stream_change(t);
}

static void fifo_make(void) {
  struct thing *t = add("fifo", 1, stream_change, stream_check, drop_fds);
  char name[64];
  snprintf(name, sizeof name, "fifo.%d.%llu", getpid(), (unsigned long long)step);
  CALL(mkfifo(name, 0600));
  t->fd = CALL(open(name, O_RDONLY | O_NONBLOCK));
  t->fd2 = CALL(open(name, O_WRONLY));
  CALL(fcntl(t->fd, F_SETFL, 0));
  if (any(2)) CALL(unlink(name));
  stream_change(t);
}

static void unix_stream_make(void) {
  struct thing *t = add("unix stream", 1, stream_change, stream_check, drop_fds);
  int fds[2];
  CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  t->fd = fds[0];
  t->fd2 = fds[1];
  stream_change(t);
}

static void tcp_check(struct thing *t) {
  // What was sent may still be on its way, unlike in a pipe.
  stream_take(t, t->fd, t->a - t->b);
}

static void tcp_make(void) {
  struct thing *t = add("tcp", 1, stream_change, tcp_check, drop_fds);
  int v6 = any(2), on = 1;
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr *a = v6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
  socklen_t n = v6 ? sizeof six : sizeof four;
  int listening = CALL(socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0));
  if (v6 && bind(listening, a, n) != 0) {  // no IPv6 here
    CALL(close(listening));
    v6 = 0;
    a = (struct sockaddr *)&four;
    n = sizeof four;
    listening = CALL(socket(AF_INET, SOCK_STREAM, 0));
  }
  if (!v6) CALL(bind(listening, a, n));
  CALL(listen(listening, 4));
  CALL(getsockname(listening, a, &n));
  t->fd2 = CALL(socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0));
  CALL(setsockopt(t->fd2, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  CALL(connect(t->fd2, a, n));
  t->fd = CALL(accept(listening, NULL, NULL));
  CALL(close(listening));
  stream_change(t);
}

// Datagrams: a were sent, b received; the size and the contents of each follow from its number.
static long datagram(struct thing *t, long number, unsigned char *b) {
  uint64_t key = mix(t->key + number);
  long n = 1 + (long)(key % 500);
  fill(b, n, key);
  return n;
}

static void datagrams_change(struct thing *t) {
  unsigned char b[500];
  while (t->a - t->b < 8 && any(3)) {
    long n = datagram(t, t->a++, b);
    MUST(send(t->fd2, b, n, 0) == n, "send");
  }
}

static void datagrams_check(struct thing *t) {
  unsigned char want[500], got[501];
  while (t->b < t->a) {
    long n = datagram(t, t->b++, want);
    long r = CALL(recv(t->fd, got, sizeof got, 0));
    MUST(r == n && memcmp(want, got, n) == 0, "datagram %ld: %ld bytes, not %ld", t->b - 1, r, n);
  }
}

static void datagrams_make(void) {
  struct thing *t = add("datagrams", 1, datagrams_change, datagrams_check, drop_fds);
  int fds[2];
  CALL(socketpair(AF_UNIX, any(2) ? SOCK_DGRAM : SOCK_SEQPACKET, 0, fds));
  t->fd = fds[0];
  t->fd2 = fds[1];
  datagrams_change(t);
}

static void udp_make(void) {
  struct thing *t = add("udp", 1, datagrams_change, datagrams_check, drop_fds);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  t->fd = CALL(socket(AF_INET, SOCK_DGRAM, 0));
  t->fd2 = CALL(socket(AF_INET, SOCK_DGRAM, 0));
  CALL(bind(t->fd, (struct sockaddr *)&a, n));
  CALL(getsockname(t->fd, (struct sockaddr *)&a, &n));
  CALL(connect(t->fd2, (struct sockaddr *)&a, n));
  datagrams_change(t);
}

// A descriptor that is nowhere but in a queue.
static void passed_check(struct thing *t) {
  char byte, room[CMSG_SPACE(sizeof(int))];
  struct iovec v = {&byte, 1};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  if (t->a == 0) return;
  MUST(recvmsg(t->fd, &m, 0) == 1 && byte == 'x', "recvmsg");
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  MUST(c && c->cmsg_type == SCM_RIGHTS, "a message without its descriptor");
  int passed;
  uint64_t value;
  memcpy(&passed, CMSG_DATA(c), sizeof passed);
  MUST(read(passed, &value, sizeof value) == sizeof value && value == (uint64_t)t->a, "an eventfd that was passed has %llu, not %ld",
      (unsigned long long)value, t->a);
  CALL(close(passed));
  t->a = 0;
}

static void passed_make(void) {
  struct thing *t = add("passed descriptor", 1, no_change, passed_check, drop_fds);
  int fds[2];
  char byte = 'x', room[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec v = {&byte, 1};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  CALL(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
  t->fd = fds[0];
  t->fd2 = fds[1];
  t->a = 1 + any(1000000);
  int passed = CALL(eventfd(0, 0));
  uint64_t value = t->a;
  MUST(write(passed, &value, sizeof value) == sizeof value, "write");
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(c), &passed, sizeof passed);
  MUST(sendmsg(t->fd2, &m, 0) == 1, "sendmsg");
  CALL(close(passed));
}

// A listening socket that is asked again and again.
static void listener_check(struct thing *t) {
  int client = CALL(socket(AF_UNIX, SOCK_STREAM, 0));
  CALL(connect(client, t->more, sizeof(struct sockaddr_un)));
  MUST(write(client, "hello", 5) == 5, "write");
  if (any(2)) pause_millis(any(20));
  int server = CALL(accept(t->fd, NULL, NULL));
  char b[8];
  MUST(read(server, b, 5) == 5 && memcmp(b, "hello", 5) == 0, "what the client said");
  CALL(close(client));
  MUST(read(server, b, 1) == 0, "the client's end");
  CALL(close(server));
}

static void listener_drop(struct thing *t) {
  drop_fds(t);
  CALL(unlink(((struct sockaddr_un *)t->more)->sun_path));
  free(t->more);
}

static void listener_make(void) {
  struct thing *t = add("listener", 1, no_change, listener_check, listener_drop);
  struct sockaddr_un *a = calloc(1, sizeof *a);
  a->sun_family = AF_UNIX;
  snprintf(a->sun_path, sizeof a->sun_path, "socket.%d.%llu", getpid(), (unsigned long long)step);
  t->more = a;
  t->fd = CALL(socket(AF_UNIX, SOCK_STREAM, 0));
  CALL(bind(t->fd, (struct sockaddr *)a, sizeof *a));
  CALL(listen(t->fd, 3));
}

// A connection one direction of which is closed, and options that stay.
static void half_check(struct thing *t) {
  char b;
  int value, on;
  socklen_t n = sizeof value;
  stream_take(t, t->fd, t->a - t->b);
  MUST(read(t->fd, &b, 1) == 0, "the end of what was sent");
  MUST(write(t->fd, "x", 1) == 1 && read(t->fd2, &b, 1) == 1 && b == 'x', "the other direction");
  CALL(getsockopt(t->fd2, SOL_SOCKET, SO_KEEPALIVE, &on, &n));
  CALL(getsockopt(t->fd2, IPPROTO_TCP, TCP_KEEPIDLE, &value, &n));
  MUST(on == 1 && value == t->size, "options of a socket: %d, %d", on, value);
}

static void half_make(void) {
  struct thing *t = add("half-closed connection", 1, no_change, half_check, drop_fds);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  int on = 1, idle = 100 + (int)any(900);
  int listening = CALL(socket(AF_INET, SOCK_STREAM, 0));
  CALL(bind(listening, (struct sockaddr *)&a, n));
  CALL(listen(listening, 1));
  CALL(getsockname(listening, (struct sockaddr *)&a, &n));
  t->fd2 = CALL(socket(AF_INET, SOCK_STREAM, 0));
  CALL(connect(t->fd2, (struct sockaddr *)&a, n));
  t->fd = CALL(accept(listening, NULL, NULL));
  CALL(close(listening));
  CALL(setsockopt(t->fd2, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
  CALL(setsockopt(t->fd2, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle));
  t->size = idle;
  stream_put(t, t->fd2, any(2000));
  CALL(shutdown(t->fd2, SHUT_WR));
}

// Datagrams to a bound socket, by name or without one in the file system.
static void named_make(void) {
  struct thing *t = add("named datagrams", 1, datagrams_change, datagrams_check, drop_fds);
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  int n = snprintf(a.sun_path + 1, sizeof a.sun_path - 1, "random.%d.%llu", getpid(), (unsigned long long)step);
  t->fd = CALL(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  t->fd2 = CALL(socket(AF_UNIX, SOCK_DGRAM, 0));
  socklen_t size = (socklen_t)(sizeof(sa_family_t) + 1 + n);
  if (any(2)) {
    memmove(a.sun_path, a.sun_path + 1, (size_t)n + 1);
    size = sizeof a;
  }
  CALL(bind(t->fd, (struct sockaddr *)&a, size));
  CALL(connect(t->fd2, (struct sockaddr *)&a, size));
  if (a.sun_path[0] && any(2)) CALL(unlink(a.sun_path));
  datagrams_change(t);
}

// Several descriptors in one message: a pipe's ends, of which nobody has another.
static void ends_check(struct thing *t) {
  char byte, room[CMSG_SPACE(2 * sizeof(int))];
  struct iovec v = {&byte, 1};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  int ends[2];
  uint64_t value;
  if (t->a == 0) return;
  MUST(recvmsg(t->fd, &m, MSG_CMSG_CLOEXEC) == 1, "recvmsg");
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  MUST(c && c->cmsg_len == CMSG_LEN(sizeof ends), "a message without its descriptors");
  memcpy(ends, CMSG_DATA(c), sizeof ends);
  MUST(read(ends[0], &value, sizeof value) == sizeof value && value == t->key, "a pipe that was passed");
  MUST(write(ends[1], &value, 1) == 1 && read(ends[0], &byte, 1) == 1, "its other end");
  CALL(close(ends[0]));
  CALL(close(ends[1]));
  t->a = 0;
}

static void ends_make(void) {
  struct thing *t = add("passed pipe", 1, no_change, ends_check, drop_fds);
  int fds[2], ends[2];
  char byte = 'y', room[CMSG_SPACE(2 * sizeof(int))] = {0};
  struct iovec v = {&byte, 1};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof room};
  CALL(socketpair(AF_UNIX, any(2) ? SOCK_DGRAM : SOCK_SEQPACKET, 0, fds));
  CALL(pipe(ends));
  t->fd = fds[0];
  t->fd2 = fds[1];
  t->a = 1;
  MUST(write(ends[1], &t->key, sizeof t->key) == sizeof t->key, "write");
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(sizeof ends);
  memcpy(CMSG_DATA(c), ends, sizeof ends);
  MUST(sendmsg(t->fd2, &m, 0) == 1, "sendmsg");
  CALL(close(ends[0]));
  CALL(close(ends[1]));
}

// A pseudo-terminal: lines go one way, and come back echoed.
static void terminal_check(struct thing *t) {
  char line[40], got[80];
  int n = snprintf(line, sizeof line, "%llu\n", (unsigned long long)next());
  MUST(write(t->fd, line, n) == n, "write");
  if (any(3) == 0) pause_millis(any(20));
  MUST(read(t->fd2, got, sizeof got) == n && memcmp(line, got, n) == 0, "a line from its master");
  long echoed = 0;
  while (echoed < n + 1) echoed += CALL(read(t->fd, got + echoed, sizeof got - echoed));
  MUST(echoed == n + 1 && memcmp(line, got, n - 1) == 0 && got[n - 1] == '\r', "the echo");
}

static void terminal_make(void) {
  struct thing *t = add("terminal", 1, no_change, terminal_check, drop_fds);
  char name[64];
  t->fd = CALL(posix_openpt(O_RDWR | O_NOCTTY));
  CALL(grantpt(t->fd));
  CALL(unlockpt(t->fd));
  MUST(ptsname_r(t->fd, name, sizeof name) == 0, "ptsname");
  t->fd2 = CALL(open(name, O_RDWR | O_NOCTTY));
}

// What happens in a directory is told as it happens.
static void inotify_check(struct thing *t) {
  char name[32], room[sizeof(struct inotify_event) + 256], path[120];
  snprintf(name, sizeof name, "n%ld", t->b++);
  snprintf(path, sizeof path, "%s/%s", (char *)t->more, name);
  CALL(close(CALL(open(path, O_CREAT | O_EXCL | O_WRONLY, 0600))));
  long n = CALL(read(t->fd, room, sizeof room));
  struct inotify_event *e = (struct inotify_event *)room;
  MUST(n > 0 && e->wd == t->a && e->mask == IN_CREATE && !strcmp(e->name, name), "an event of %s", n > 0 ? e->name : "");
  CALL(unlink(path));
}

static void inotify_make(void) {
  struct thing *t = add("inotify", 1, no_change, inotify_check, directory_drop);
  char name[64];
  snprintf(name, sizeof name, "watched.%d.%llu", getpid(), (unsigned long long)step);
  CALL(mkdir(name, 0700));
  t->more = strdup(name);
  t->fd = CALL(inotify_init1(IN_CLOEXEC));
  t->a = CALL(inotify_add_watch(t->fd, name, IN_CREATE));
}

// ------------------------------------------------------------------ events

static void eventfd_check(struct thing *t) {
  uint64_t value;
  if (t->a > 0) {
    MUST(read(t->fd, &value, sizeof value) == sizeof value, "read");
    MUST(value == (uint64_t)t->a, "%llu, not %ld", (unsigned long long)value, t->a);
    t->a = 0;
  }
  errno = 0;
  MUST(read(t->fd, &value, sizeof value) == -1 && errno == EAGAIN, "an empty one gives something");
}

static void eventfd_change(struct thing *t) {
  uint64_t value = 1 + any(100);
  MUST(write(t->fd, &value, sizeof value) == sizeof value, "write");
  t->a += value;
}

static void eventfd_make(void) {
  struct thing *t = add("eventfd", 1, eventfd_change, eventfd_check, drop_fds);
  t->fd = CALL(eventfd(0, EFD_NONBLOCK));
  eventfd_change(t);
}

static void epoll_check(struct thing *t) {
  int *members = t->more;
  struct epoll_event events[8];
  int ready = AGAIN(epoll_wait(t->fd, events, 8, 0)), want = 0;
  for (int i = 0; i < 4; i++) want += (t->a >> i) & 1;
  MUST(ready == want, "%d are ready, not %d", ready, want);
  for (int i = 0; i < ready; i++) {
    int member = (int)(events[i].data.u64 - t->key);
    MUST(member >= 0 && member < 4 && (t->a >> member & 1), "member %d is ready", member);
    uint64_t value;
    MUST(read(members[member], &value, sizeof value) == sizeof value && value == 1, "its value");
  }
  t->a = 0;
}

static void epoll_change(struct thing *t) {
  int *members = t->more, i = (int)any(4);
  uint64_t one = 1;
  if (!(t->a >> i & 1)) {
    MUST(write(members[i], &one, sizeof one) == sizeof one, "write");
    t->a |= 1 << i;
  }
}

static void epoll_drop(struct thing *t) {
  int *members = t->more;
  for (int i = 0; i < 4; i++) CALL(close(members[i]));
  free(t->more);
  drop_fds(t);
}

static void epoll_make(void) {
  struct thing *t = add("epoll", 1, epoll_change, epoll_check, epoll_drop);
  int *members = malloc(4 * sizeof *members);
  t->more = members;
  t->fd = CALL(epoll_create1(0));
  for (int i = 0; i < 4; i++) {
    members[i] = CALL(eventfd(0, 0));
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = t->key + i};
    CALL(epoll_ctl(t->fd, EPOLL_CTL_ADD, members[i], &e));
  }
  epoll_change(t);
}

static void timerfd_check(struct thing *t) {
  struct itimerspec left;
  CALL(timerfd_gettime(t->fd, &left));
  int64_t rest = t->a - now();
  int64_t says = left.it_value.tv_sec * 1000000000LL + left.it_value.tv_nsec;
  if (rest > 0 && says > 0) {
    // It stands still while it moves, and time goes on while this is computed.
    MUST(says - rest < 9000000000LL && rest - says < 9000000000LL, "%lld us are left, not %lld",
        (long long)says / 1000, (long long)rest / 1000);
  } else {
    uint64_t ticks;
    MUST(read(t->fd, &ticks, sizeof ticks) == sizeof ticks && ticks >= 1, "no tick");
    MUST(now() >= t->a, "it ticked %lld us early", (long long)(t->a - now()) / 1000);
    struct itimerspec off = {{0, 0}, {1000, 0}};
    CALL(timerfd_settime(t->fd, 0, &off, NULL));
    t->a = now() + 1000 * 1000000000LL;
  }
}

static void timerfd_make(void) {
  struct thing *t = add("timerfd", 1, no_change, timerfd_check, drop_fds);
  long millis = 1 + any(1500);
  struct itimerspec set = {{0, 0}, {millis / 1000, millis % 1000 * 1000000}};
  t->fd = CALL(timerfd_create(CLOCK_MONOTONIC, 0));
  t->a = now() + millis * 1000000;
  CALL(timerfd_settime(t->fd, 0, &set, NULL));
}

// ------------------------------------------------------------------ signals

static volatile sig_atomic_t handled;
static volatile int handled_value;
static volatile int handled_code;

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)number;
  (void)context;
  handled_value = info->si_value.sival_int;
  handled_code = info->si_code;
  handled++;
}

// Realtime signals that wait in the queue, in order, each with its value.
static void queue_check(struct thing *t) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 3);
  for (; t->b < t->a; t->b++) {
    siginfo_t info;
    struct timespec none = {0, 0};
    AGAIN(sigtimedwait(&set, &info, &none));
    int want = (int)(mix(t->key + t->b) & 0xffff);
    MUST(info.si_value.sival_int == want && info.si_code == SI_QUEUE && info.si_pid == getpid(),
        "signal %ld has value %d, code %d, pid %d; not %d", t->b, info.si_value.sival_int, info.si_code, info.si_pid, want);
  }
  siginfo_t none_left;
  struct timespec none = {0, 0};
  long r;
  do r = sigtimedwait(&set, &none_left, &none); while (r == -1 && errno == EINTR);
  MUST(r == -1 && errno == EAGAIN, "one signal more than was sent");
}

static void queue_change(struct thing *t) {
  while (t->a - t->b < 10 && any(3)) {
    union sigval v = {.sival_int = (int)(mix(t->key + t->a++) & 0xffff)};
    CALL(sigqueue(getpid(), SIGRTMIN + 3, v));
  }
}

static void queue_drop(struct thing *t) { (void)t; }

static void queue_make(void) {
  for (int i = 0; i < count; i++) if (things[i].check == queue_check) return;
  struct thing *t = add("signal queue", 1, queue_change, queue_check, queue_drop);
  queue_change(t);
}

static void handler_once(void) {
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | (any(2) ? SA_ONSTACK : 0)};
  sigemptyset(&action.sa_mask);
  CALL(sigaction(SIGRTMIN + 5, &action, NULL));
  int before = handled, value = (int)any(100000);
  union sigval v = {.sival_int = value};
  CALL(sigqueue(getpid(), SIGRTMIN + 5, v));
  MUST(handled == before + 1 && handled_value == value && handled_code == SI_QUEUE,
      "a handler ran %d times with value %d, not %d", handled - before, handled_value, value);
}

static void interval_once(void) {
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART}, old;
  CALL(sigaction(SIGALRM, &action, &old));
  int before = handled;
  struct itimerval set = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};
  CALL(setitimer(ITIMER_REAL, &set, NULL));
  int64_t limit = now() + 20000000000LL;
  while (handled < before + 5) MUST(now() < limit, "an interval timer has stopped after %d ticks", handled - before);
  CALL(setitimer(ITIMER_REAL, &off, NULL));
  CALL(sigaction(SIGALRM, &old, NULL));
}

static void posix_timer_check(struct thing *t) {
  struct itimerspec left;
  CALL(timer_gettime((timer_t)t->more, &left));
  MUST(left.it_interval.tv_sec == t->b, "its interval is %ld s", (long)left.it_interval.tv_sec);
  MUST(left.it_value.tv_sec > 500 && left.it_value.tv_sec <= t->a, "%ld s are left", (long)left.it_value.tv_sec);
}

static void posix_timer_drop(struct thing *t) { CALL(timer_delete((timer_t)t->more)); }

static void posix_timer_make(void) {
  struct thing *t = add("posix timer", 1, no_change, posix_timer_check, posix_timer_drop);
  struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 6};
  timer_t id;
  CALL(timer_create(any(2) ? CLOCK_MONOTONIC : CLOCK_REALTIME, &e, &id));
  t->more = id;
  t->a = 1000 + any(5000);
  t->b = any(100);
  struct itimerspec set = {{t->b, 0}, {t->a, 0}};
  CALL(timer_settime(id, 0, &set, NULL));
}

static void signalfd_once(void) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 4);
  int fd = CALL(signalfd(-1, &set, 0));
  union sigval v = {.sival_int = (int)any(100000)};
  CALL(sigqueue(getpid(), SIGRTMIN + 4, v));
  if (any(2)) pause_millis(any(30));
  struct signalfd_siginfo info;
  MUST(read(fd, &info, sizeof info) == sizeof info && info.ssi_int == v.sival_int, "what a signalfd gives");
  CALL(close(fd));
}

// ------------------------------------------------------------------ threads

struct workers {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  long sum, target, turn;
  int ready, wait_millis;
  uint64_t key;
};

static __thread uint64_t of_thread;

static void *worker(void *argument) {
  struct workers *w = argument;
  pthread_mutex_lock(&w->lock);
  long number = w->ready++;
  pthread_mutex_unlock(&w->lock);
  of_thread = w->key + number;
  pid_t tid = (pid_t)syscall(SYS_gettid);
  for (int i = 0; i < 50; i++) {
    pthread_mutex_lock(&w->lock);
    w->sum++;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    if (i % 10 == 0) usleep(w->wait_millis * 100);
    MUST(of_thread == w->key + number, "a thread's own variable");
    MUST(syscall(SYS_gettid) == tid, "a thread's id has changed");
  }
  return (void *)(intptr_t)(number + 1);
}

static void threads_once(void) {
  struct workers w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0, (int)any(30), next()};
  pthread_t all[6];
  int n = 1 + (int)any(6);
  for (int i = 0; i < n; i++) MUST((errno = pthread_create(&all[i], NULL, worker, &w)) == 0, "pthread_create");
  pthread_mutex_lock(&w.lock);
  while (w.sum < n * 50) pthread_cond_wait(&w.changed, &w.lock);
  pthread_mutex_unlock(&w.lock);
  long numbers = 0;
  for (int i = 0; i < n; i++) {
    void *result;
    MUST((errno = pthread_join(all[i], &result)) == 0, "pthread_join");
    numbers += (long)(intptr_t)result;
  }
  MUST(numbers == n * (n + 1) / 2 && w.sum == n * 50, "threads: %ld, %ld", numbers, w.sum);
}

// A thread that waits for as long as the thing lives.
struct sleeper {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  long asked, answered;
  int over;
};

static void *sleeping(void *argument) {
  struct sleeper *s = argument;
  pthread_mutex_lock(&s->lock);
  while (!s->over) {
    while (s->asked == s->answered && !s->over) pthread_cond_wait(&s->changed, &s->lock);
    s->answered = s->asked;
    pthread_cond_broadcast(&s->changed);
  }
  pthread_mutex_unlock(&s->lock);
  return s;
}

static void sleeper_check(struct thing *t) {
  struct sleeper *s = t->more;
  pthread_mutex_lock(&s->lock);
  long question = ++s->asked;
  pthread_cond_broadcast(&s->changed);
  while (s->answered < question) pthread_cond_wait(&s->changed, &s->lock);
  pthread_mutex_unlock(&s->lock);
}

static void sleeper_drop(struct thing *t) {
  struct sleeper *s = t->more;
  pthread_mutex_lock(&s->lock);
  s->over = 1;
  pthread_cond_broadcast(&s->changed);
  pthread_mutex_unlock(&s->lock);
  void *result;
  MUST((errno = pthread_join(s->thread, &result)) == 0 && result == s, "pthread_join");
  free(s);
}

static void sleeper_make(void) {
  struct thing *t = add("waiting thread", 1, no_change, sleeper_check, sleeper_drop);
  struct sleeper *s = calloc(1, sizeof *s);
  pthread_mutex_init(&s->lock, NULL);
  pthread_cond_init(&s->changed, NULL);
  t->more = s;
  MUST((errno = pthread_create(&s->thread, NULL, sleeping, s)) == 0, "pthread_create");
}

// ------------------------------------------------------------------ children

static void run(void);

static void become_child(void) {
  depth++;
  state = mix(state + getpid() * 0 + 77 * step);
  // The parent's: a child has copies of its memory only.
  int kept = 0;
  for (int i = 0; i < count; i++) {
    if (!things[i].shared) things[kept++] = things[i];
    else if (things[i].shared == 1 && things[i].fd >= 0) {
      close(things[i].fd);
      if (things[i].fd2 >= 0) close(things[i].fd2);
    }
  }
  count = kept;
  for (int i = 0; i < count; i++) things[i].check(&things[i]);
}

static void reap(pid_t child, int want, const char *what) {
  int status;
  pid_t r = waitpid(child, &status, 0);
  MUST(r == child, "waitpid of %s %d gives %d", what, child, r);
  MUST(status == want, "%s %d ended with %04x, not %04x", what, child, status, want);
}

// One that works on by itself, and is waited for when it is dropped.
static void child_check(struct thing *t) { MUST(kill((pid_t)t->a, 0) == 0, "child %ld is gone", t->a); }

static void child_drop(struct thing *t) {
  if (t->b) CALL(kill((pid_t)t->a, SIGTERM));
  reap((pid_t)t->a, t->b ? SIGTERM : 0, t->name);
}

static void child_make(void) {
  struct thing *t = add("child", 1, no_change, child_check, child_drop);
  pid_t parent = getpid(), group = getpgrp();
  int how = (int)any(4);
  t->children = 1;
  t->b = any(3) == 0;  // only sleeps, until it is killed
  t->a = CALL(fork());
  if (t->a == 0) {
    int sleeps = (int)t->b;
    doing = "child";
    MUST(getppid() == parent, "its parent is %d, not %d", getppid(), parent);
    if (how == 1) CALL(setsid());
    if (how == 2) CALL(setpgid(0, 0));
    MUST(getpgrp() == (how == 1 || how == 2 ? getpid() : group), "its group");
    become_child();
    if (sleeps) for (;;) pause();
    run();
    MUST(getppid() == parent, "its parent became %d", getppid());
    _exit(0);
  }
}

// One that has ended already, and nobody has looked yet.
static void zombie_drop(struct thing *t) {
  siginfo_t info;
  CALL(waitid(P_PID, (id_t)t->a, &info, WEXITED | WNOWAIT));
  MUST(info.si_pid == t->a && info.si_code == CLD_EXITED && info.si_status == t->b, "waitid");
  int others = 0;
  for (int i = 0; i < count; i++) others += things[i].children;
  if (others) {
    reap((pid_t)t->a, (int)t->b << 8, t->name);
  } else {
    int status;
    MUST(waitpid(-1, &status, 0) == t->a && status == t->b << 8, "the only child");
    pid_t r = waitpid(-1, &status, WNOHANG);
    MUST(r == -1 && errno == ECHILD, "a child that nobody made: %d, %04x", (int)r, status);
  }
}

static void zombie_check(struct thing *t) { MUST(kill((pid_t)t->a, 0) == 0, "zombie %ld is gone", t->a); }

static void zombie_make(void) {
  struct thing *t = add("zombie", 1, no_change, zombie_check, zombie_drop);
  t->children = 1;
  t->b = 1 + any(100);
  t->a = CALL(fork());
  if (t->a == 0) _exit((int)t->b);
}

// A child that answers through pipes.
static void echo_once(void) {
  int to[2], from[2];
  CALL(pipe(to));
  CALL(pipe(from));
  pid_t child = CALL(fork());
  if (child == 0) {
    char b[100];
    close(to[1]);
    close(from[0]);
    for (long n; (n = read(to[0], b, sizeof b)) > 0;) {
      for (long i = 0; i < n; i++) b[i] ^= 0x20;
      if (write(from[1], b, n) != n) _exit(3);
    }
    _exit(7);
  }
  CALL(close(to[0]));
  CALL(close(from[1]));
  for (int i = 0; i < 20; i++) {
    char c = (char)('a' + any(26)), back;
    MUST(write(to[1], &c, 1) == 1, "write");
    if (any(4) == 0) pause_millis(any(10));
    MUST(read(from[0], &back, 1) == 1 && back == (c ^ 0x20), "the child's answer");
  }
  CALL(close(to[1]));
  char b;
  MUST(read(from[0], &b, 1) == 0, "the child's end");
  CALL(close(from[0]));
  reap(child, 7 << 8, "echo");
}

static void exec_once(void) {
  int fds[2];
  CALL(pipe(fds));
  char want[32], number[16];
  snprintf(want, sizeof want, "%llu", (unsigned long long)next());
  snprintf(number, sizeof number, "%d", fds[1]);
  char *arguments[] = {"random", "--echo", want, number, NULL};
  char *environment[] = {"A=B", NULL};
  pid_t child;
  if (any(3) == 0) {
    child = vfork();
  } else {
    child = fork();
  }
  if (child == 0) {
    execve(self_path, arguments, environment);
    _exit(9);
  }
  MUST(child > 0, "fork");
  CALL(close(fds[1]));
  char got[32] = "";
  long n = 0;
  for (long r; (r = CALL(read(fds[0], got + n, sizeof got - 1 - n))) > 0;) n += r;
  MUST(strcmp(got, want) == 0, "a program that was executed says %s, not %s", got, want);
  CALL(close(fds[0]));
  reap(child, 0, "executed program");
}

static int echo(char *what, char *number) {
  usleep(20000);
  size_t n = strlen(what);
  char *a = getenv("A");
  return write(atoi(number), what, n) == (ssize_t)n && a && strcmp(a, "B") == 0 ? 0 : 1;
}

// Two processes that take turns by a mutex in shared memory; one dies with it.
struct turns {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  int turn;
};

static void turns_once(void) {
  struct turns *s = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pthread_mutexattr_t m;
  pthread_condattr_t c;
  MUST(s != MAP_FAILED, "mmap");
  pthread_mutexattr_init(&m);
  pthread_mutexattr_setpshared(&m, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&m, PTHREAD_MUTEX_ROBUST);
  pthread_condattr_init(&c);
  pthread_condattr_setpshared(&c, PTHREAD_PROCESS_SHARED);
  pthread_mutex_init(&s->lock, &m);
  pthread_cond_init(&s->changed, &c);
  int rounds = 10 + (int)any(20);
  pid_t child = CALL(fork());
  for (int i = 0; i < rounds; i++) {
    pthread_mutex_lock(&s->lock);
    while (s->turn % 2 != (child == 0)) pthread_cond_wait(&s->changed, &s->lock);
    s->turn++;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (i % 4 == 0) usleep(1000 * any(8));
  }
  if (child == 0) {
    pthread_mutex_lock(&s->lock);
    _exit(5);
  }
  reap(child, 5 << 8, "turn taker");
  int r = pthread_mutex_lock(&s->lock);
  MUST(r == EOWNERDEAD, "the mutex of a process that died: %d", r);
  MUST((errno = pthread_mutex_consistent(&s->lock)) == 0, "pthread_mutex_consistent");
  MUST((errno = pthread_mutex_unlock(&s->lock)) == 0, "pthread_mutex_unlock");
  MUST(s->turn == 2 * rounds, "%d turns, not %d", s->turn, 2 * rounds);
  CALL(munmap(s, PAGE));
}

// ------------------------------------------------------------------ children of other kinds

// Stands stopped until it is dropped.
static void stopped_check(struct thing *t) {
  // After a move a stop is told anew.
  siginfo_t info = {0};
  CALL(waitid(P_PID, (id_t)t->a, &info, WEXITED | WCONTINUED | WNOHANG));
  MUST(info.si_pid == 0, "it does not stand: %d", info.si_code);
}

static void stopped_drop(struct thing *t) {
  int status;
  CALL(kill((pid_t)t->a, SIGCONT));
  pid_t r;
  do r = waitpid((pid_t)t->a, &status, WCONTINUED | WUNTRACED); while (r == t->a && WIFSTOPPED(status));
  MUST(r == t->a && WIFCONTINUED(status), "that it goes on: %04x", status);
  MUST(write(t->fd2, "x", 1) == 1, "write");
  reap((pid_t)t->a, 4 << 8, t->name);
  drop_fds(t);
}

static void stopped_make(void) {
  struct thing *t = add("stopped child", 1, no_change, stopped_check, stopped_drop);
  int fds[2], status;
  char b;
  t->children = 1;
  CALL(pipe2(fds, O_CLOEXEC));
  t->fd = fds[0];
  t->fd2 = fds[1];
  t->a = CALL(fork());
  if (t->a == 0) {
    if (any(2)) CALL(setpgid(0, 0));
    CALL(kill(getpid(), SIGSTOP));
    _exit(AGAIN(read(fds[0], &b, 1)) == 1 ? 4 : 5);
  }
  MUST(waitpid((pid_t)t->a, &status, WUNTRACED) == t->a && WIFSTOPPED(status), "that it stands: %04x", status);
}

// Goes on in a thread when its first one has ended.
static void *answering(void *argument) {
  int *fds = argument;
  for (char b; read(fds[0], &b, 1) == 1 && b != '.';) {
    b ^= 0x20;
    if (write(fds[0], &b, 1) != 1) break;
  }
  syscall(SYS_exit_group, 6);
  return NULL;
}

static void headless_check(struct thing *t) {
  char c = (char)('a' + any(26)), back;
  MUST(write(t->fd, &c, 1) == 1 && AGAIN(read(t->fd, &back, 1)) == 1 && back == (c ^ 0x20), "the answer of a thread");
}

static void headless_drop(struct thing *t) {
  if (t->b) CALL(kill((pid_t)t->a, SIGKILL));
  else MUST(write(t->fd, ".", 1) == 1, "write");
  reap((pid_t)t->a, t->b ? SIGKILL : 6 << 8, t->name);
  drop_fds(t);
}

static void headless_make(void) {
  struct thing *t = add("process without its first thread", 1, no_change, headless_check, headless_drop);
  static int fds[2];
  t->children = 1;
  t->b = any(3) == 0;
  CALL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  t->fd = fds[1];
  t->a = CALL(fork());
  if (t->a == 0) {
    pthread_t thread;
    CALL(close(fds[1]));
    if (pthread_create(&thread, NULL, answering, fds) != 0) _exit(3);
    if (any(2)) usleep(1000 * any(30));
    syscall(SYS_exit, 0);
  }
  CALL(close(fds[0]));
}

// Has the parent's table of descriptors, or its working directory.
static void sharing_check(struct thing *t) {
  char b = 'd', name[32];
  MUST(write(t->fd, &b, 1) == 1 && AGAIN(read(t->fd, &b, 1)) == 1 && b == 'D', "who shares does not answer");
  if (t->b == CLONE_FILES) {
    int fd = CALL(open("/dev/null", O_WRONLY | O_CLOEXEC));
    snprintf(name, sizeof name, "%d", fd);
    int n = (int)strlen(name) + 1;
    MUST(write(t->fd, name, n) == n, "write");
    MUST(AGAIN(read(t->fd, &b, 1)) == 1 && b == 'Y', "a descriptor that it does not have");
    errno = 0;
    MUST(fcntl(fd, F_GETFD) == -1 && errno == EBADF, "it has closed a descriptor, which is open");
  } else {
    mode_t mask = umask(0);
    umask(mask);
    int n = snprintf(name, sizeof name, "%d", (int)mask) + 1;
    MUST(write(t->fd, name, n) == n, "write");
    MUST(AGAIN(read(t->fd, &b, 1)) == 1 && b == 'Y', "a umask that it does not have");
  }
}

static void sharing_drop(struct thing *t) {
  MUST(write(t->fd, ".", 1) == 1, "write");
  reap((pid_t)t->a, 8 << 8, t->name);
  drop_fds(t);
}

static void share(int fd, int what) {
  char b, name[32];
  while (read(fd, &b, 1) == 1 && b != '.') {
    b = 'D';
    if (write(fd, &b, 1) != 1) break;
    int n = 0;
    while (n < (int)sizeof name && read(fd, name + n, 1) == 1 && name[n]) n++;
    if (what == CLONE_FILES) {
      b = close(atoi(name)) == 0 ? 'Y' : 'N';
    } else {
      mode_t mask = umask(0);
      umask(mask);
      b = (int)mask == atoi(name) ? 'Y' : 'N';
    }
    if (write(fd, &b, 1) != 1) break;
  }
  _exit(8);
}

static void sharing_make(void) {
  // Whoever is forked while one table is two processes' closes what he does not want in his own.
  for (int i = 0; i < count; i++) if (things[i].check == sharing_check) return;
  struct thing *t = add("sharing child", 1, no_change, sharing_check, sharing_drop);
  int fds[2];
  t->children = 1;
  t->b = any(2) ? CLONE_FILES : CLONE_FS;
  CALL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  t->fd = fds[1];
  t->fd2 = fds[0];
  t->a = CALL(syscall(SYS_clone, t->b | SIGCHLD, 0, 0, 0, 0));
  if (t->a == 0) share(fds[0], (int)t->b);
}

// A pidfd of a child tells of its end.
static void pidfd_once(void) {
  pid_t child = CALL(fork());
  if (child == 0) {
    usleep(1000 * any(60));
    _exit(3);
  }
  int fd = (int)CALL(syscall(SYS_pidfd_open, child, 0));
  struct pollfd p = {.fd = fd, .events = POLLIN};
  MUST(AGAIN(poll(&p, 1, 30000)) == 1, "a pidfd does not tell of the end");
  siginfo_t info;
  CALL(waitid(P_PIDFD, (id_t)fd, &info, WEXITED));
  MUST(info.si_pid == child && info.si_status == 3, "how it ended");
  CALL(close(fd));
}

// A grandchild whose parent has ended comes to whoever reaps.
static void reaper_once(void) {
  pid_t middle = CALL(fork());
  if (middle == 0) {
    int status;
    CALL(prctl(PR_SET_CHILD_SUBREAPER, 1));
    pid_t child = CALL(fork());
    if (child == 0) {
      pid_t grandchild = CALL(fork());
      if (grandchild == 0) {
        usleep(1000 * any(40));
        _exit(12);
      }
      _exit(0);
    }
    MUST(waitpid(child, &status, 0) == child && status == 0, "the parent of an orphan");
    pid_t orphan = waitpid(-1, &status, 0);
    MUST(orphan > 0 && status == 12 << 8, "an orphan ended with %04x", status);
    _exit(0);
  }
  reap(middle, 0, "subreaper");
}

// The parent waits in vfork(2) for longer than a moment.
static void vfork_once(void) {
  volatile int seen = 0;
  int64_t until = now() + any(50) * 1000000;
  pid_t child = vfork();
  if (child == 0) {
    while (now() < until) continue;
    seen = 1;
    _exit(2);
  }
  MUST(child > 0 && seen == 1, "vfork");
  reap(child, 2 << 8, "vforked child");
}

// Interval timers of the other kinds strike while it works.
static void virtual_once(void) {
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART}, old;
  int kind = any(2) ? ITIMER_VIRTUAL : ITIMER_PROF;
  int number = kind == ITIMER_VIRTUAL ? SIGVTALRM : SIGPROF;
  CALL(sigaction(number, &action, &old));
  int before = handled;
  struct itimerval set = {{0, 8000}, {0, 8000}}, off = {{0, 0}, {0, 0}};
  CALL(setitimer(kind, &set, NULL));
  int64_t limit = now() + 30000000000LL;
  while (handled < before + 3) MUST(now() < limit, "a timer of work has stopped after %d ticks", handled - before);
  CALL(setitimer(kind, &off, NULL));
  CALL(sigaction(number, &old, NULL));
}

// ------------------------------------------------------------------ of the process itself

static void umask_check(struct thing *t) {
  mode_t is = umask(0);
  umask(is);
  MUST((long)is == t->a, "umask %o, not %lo", is, t->a);
  char name[17] = "";
  CALL(prctl(PR_GET_NAME, name));
  MUST(strcmp(name, t->more) == 0, "name %s, not %s", name, (char *)t->more);
  errno = 0;
  int nice_is = getpriority(PRIO_PROCESS, 0);
  MUST(errno == 0 && nice_is == t->b, "nice %d, not %ld", nice_is, t->b);
  struct rlimit core;
  CALL(getrlimit(RLIMIT_CORE, &core));
  MUST(core.rlim_cur == (rlim_t)t->size, "limit %llu, not %ld", (unsigned long long)core.rlim_cur, t->size);
  char directory[4096];
  MUST(getcwd(directory, sizeof directory) && strcmp(directory, (char *)t->at) == 0, "working directory %s", directory);
}

static void umask_drop(struct thing *t) {
  free(t->more);
  free(t->at);
}

static void umask_make(void) {
  for (int i = 0; i < count; i++) if (things[i].check == umask_check) return;
  struct thing *t = add("attributes", 0, no_change, umask_check, umask_drop);
  char name[16];
  struct rlimit core;
  t->a = any(2) ? 022 : 027;
  umask((mode_t)t->a);
  snprintf(name, sizeof name, "random-%ld", any(1000));
  CALL(prctl(PR_SET_NAME, name));
  t->more = strdup(name);
  t->b = getpriority(PRIO_PROCESS, 0) + any(2);
  CALL(setpriority(PRIO_PROCESS, 0, (int)t->b));
  CALL(getrlimit(RLIMIT_CORE, &core));
  if (core.rlim_max > 0) core.rlim_cur = any(2);
  CALL(setrlimit(RLIMIT_CORE, &core));
  t->size = (long)core.rlim_cur;
  t->at = (unsigned char *)getcwd(NULL, 0);
}

// ------------------------------------------------------------------ what it does

static void (*const makers[])(void) = {
    memory_make, memory_make, shared_memory_make, file_map_make, file_share_make, heap_make,
    file_make, file_make, lock_make, pipe_make, fifo_make, unix_stream_make, tcp_make,
    datagrams_make, udp_make, passed_make, listener_make, eventfd_make, epoll_make, timerfd_make,
    queue_make, posix_timer_make, sleeper_make, child_make, child_make, zombie_make, umask_make,
    lease_make, sealed_make, directory_make, sysv_make, notes_make, half_make, named_make,
    ends_make, terminal_make, inotify_make, stopped_make, headless_make, sharing_make};

static void (*const onces[])(void) = {
    stack_once, floats_once, handler_once, interval_once, signalfd_once, threads_once, echo_once,
    exec_once, turns_once, pidfd_once, reaper_once, vfork_once, virtual_once};

#define SOME(table) ((table)[any(sizeof(table) / sizeof((table)[0]))])

static void drop(int i) {
  struct thing t = things[i];
  doing = t.name;
  // Threads and children may be started meanwhile.
  things[i] = things[--count];
  if (t.check != zombie_check && t.check != child_check) t.check(&t);
  t.drop(&t);
}

static void run(void) {
  int most = depth == 0 ? MAX_THINGS - 4 : 10;
  while (now() < end_at) {
    step++;
    long what = any(10);
    if (what < 3 && count < most) {
      doing = "making";
      void (*make)(void) = SOME(makers);
      if (make != child_make || depth < MAX_DEPTH) make();
    } else if (what < 4) {
      doing = "once";
      SOME(onces)();
    } else if (what < 7 && count > 0) {
      struct thing *t = &things[any(count)];
      doing = t->name;
      t->change(t);
    } else if (what < 9 && count > 0) {
      struct thing *t = &things[any(count)];
      doing = t->name;
      t->check(t);
    } else if (count > 0 && any(2)) {
      int i = (int)any(count);
      // A child ends only with time itself, unless it is killed.
      if (things[i].check != child_check || things[i].b) drop(i);
    }
    if (any(3) == 0) pause_millis(any(15));
  }
  while (count > 0) drop(count - 1);
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "--echo") == 0) return echo(argv[2], argv[3]);
  if (argc != 3) {
    fprintf(stderr, "usage: random SEED MILLIS\n");
    return 2;
  }
  self_path = realpath("/proc/self/exe", NULL);
  seed = strtoull(argv[1], NULL, 10);
  state = mix(seed);
  end_at = now() + atoll(argv[2]) * 1000000;
  sigset_t held;
  sigemptyset(&held);
  sigaddset(&held, SIGRTMIN + 3);
  sigaddset(&held, SIGRTMIN + 4);
  CALL(sigprocmask(SIG_BLOCK, &held, NULL));
  stack_t own = {.ss_sp = malloc(65536), .ss_size = 65536};
  CALL(sigaltstack(&own, NULL));
  signal(SIGPIPE, SIG_IGN);
  run();
  printf("%llu steps\n", (unsigned long long)step);
  return 0;
}
