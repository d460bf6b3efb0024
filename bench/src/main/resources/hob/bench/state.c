/* A process with a given amount of state that does nothing with it.
   state READY MEGABYTES THREADS DESCRIPTORS MAPPINGS PROCESSES: writes a line to the file READY when all is there. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void *idle(void *unused) {
  for (;;)
    nanosleep(&(struct timespec){3600, 0}, NULL);
  return unused;
}

static void must(int holds, const char *what) {
  if (!holds) {
    perror(what);
    exit(1);
  }
}

int main(int argc, char **argv) {
  must(argc == 7, "usage");
  long megabytes = atol(argv[2]), threads = atol(argv[3]), descriptors = atol(argv[4]), mappings = atol(argv[5]),
       processes = atol(argv[6]);
  setrlimit(RLIMIT_NOFILE, &(struct rlimit){65536, 65536});
  for (long i = 0; i < megabytes; i++) {
    char *p = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(p != MAP_FAILED, "mmap");
    for (long at = 0; at < 1 << 20; at += 64)
      *(long *)(p + at) = random();
  }
  for (long i = 0; i < descriptors; i++)
    must(open("/dev/null", O_RDONLY) >= 0, "open");
  /* Neighbours of different protection stay apart. */
  for (long i = 0; i < mappings; i++) {
    int protection = i % 2 ? PROT_READ : PROT_READ | PROT_WRITE;
    must(mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED, "mmap");
  }
  for (long i = 1; i < processes; i++) {
    int pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0)
      idle(NULL);
  }
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 << 10);
  for (long i = 1; i < threads; i++) {
    pthread_t thread;
    must(pthread_create(&thread, &small, idle, NULL) == 0, "pthread_create");
  }
  FILE *ready = fopen(argv[1], "w");
  must(ready != NULL, argv[1]);
  fprintf(ready, "ready\n");
  fclose(ready);
  for (;;)
    nanosleep(&(struct timespec){0, 20000000}, NULL);
}
