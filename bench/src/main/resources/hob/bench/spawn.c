/*
 * What it takes to start programs, from the eyes of who starts them.
 *
 *   spawn exec COUNT WORKERS OUT PROGRAM ARG...   posix_spawn and wait, by the path that PROGRAM is
 *   spawn path COUNT WORKERS OUT PROGRAM ARG...   the same, searched for along PATH
 *   spawn fork COUNT WORKERS OUT           fork, exit, wait
 *   spawn time COUNT WORKERS OUT           1,000 calls of clock_gettime, which the kernel's page answers
 *   spawn call COUNT WORKERS OUT           1,000 calls of getppid, which enter the kernel
 *
 * WORKERS processes do COUNT each, at once. OUT gets the nanoseconds of each one, a line each.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void await(pid_t pid) {
  int status;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) die("waitpid");
  if (status != 0) {
    fprintf(stderr, "spawn: status %x\n", status);
    exit(1);
  }
}

static void once(const char *mode, char **argv) {
  char *program = argv[0];
  pid_t pid;
  switch (mode[0]) {
  case 'e':
    if ((errno = posix_spawn(&pid, program, NULL, NULL, argv, environ))) die(program);
    await(pid);
    return;
  case 'p':
    if ((errno = posix_spawnp(&pid, program, NULL, NULL, argv, environ))) die(program);
    await(pid);
    return;
  case 'f':
    if ((pid = fork()) < 0) die("fork");
    if (pid == 0) _exit(0);
    await(pid);
    return;
  case 't':
    for (int i = 0; i < 1000; i++) now();
    return;
  case 'c':
    for (int i = 0; i < 1000; i++) syscall(SYS_getppid);
    return;
  default:
    fprintf(stderr, "spawn: what is %s?\n", mode);
    exit(2);
  }
}

int main(int argc, char **argv) {
  if (argc < 5) {
    fprintf(stderr, "usage: spawn exec|path|fork|time|call COUNT WORKERS OUT [PROGRAM ARG...]\n");
    return 2;
  }
  int count = atoi(argv[2]), workers = atoi(argv[3]);
  size_t size = sizeof(long long) * count * workers;
  long long *took = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (took == MAP_FAILED) die("mmap");
  for (int w = 0; w < workers; w++) {
    pid_t pid = workers > 1 ? fork() : 0;
    if (pid < 0) die("fork");
    if (pid > 0) continue;
    for (int i = 0; i < count; i++) {
      long long begin = now();
      once(argv[1], argv + 5);
      took[w * count + i] = now() - begin;
    }
    if (workers > 1) _exit(0);
  }
  if (workers > 1)
    for (int w = 0; w < workers; w++) {
      int status;
      if (wait(&status) < 0 || status != 0) {
        fprintf(stderr, "spawn: a worker failed\n");
        return 1;
      }
    }
  FILE *out = fopen(argv[4], "w");
  if (!out) die(argv[4]);
  for (int i = 0; i < count * workers; i++) fprintf(out, "%lld\n", took[i]);
  return fclose(out) ? 1 : 0;
}
