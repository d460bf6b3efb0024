/* A process that notices when anything of it is lost or doubled: steady FILE.
   A parent and a child send each other numbers over pipes, a thread keeps the checksum of a buffer, a timer ticks, and
   each round adds a line to FILE. SIGTERM ends it with status 0, anything wrong with a line and status 1. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORDS (32 << 10)

static atomic_int over;
static atomic_long ticks, sums;
static unsigned long buffer[WORDS];

static void wrong(const char *what, long is, long should) {
  fprintf(stderr, "steady: %s: is %ld, should be %ld (%s)\n", what, is, should, strerror(errno));
  _exit(1);
}

static void on_term(int signal) { over = signal; }
static void on_alarm(int signal) { ticks += signal == SIGALRM; }

static void *summer(void *unused) {
  unsigned long sum = 0;
  for (int i = 0; i < WORDS; i++)
    sum += buffer[i] = i * 2654435761ul;
  while (!over) {
    int at = sums % WORDS;
    sum += 1;
    buffer[at] += 1;
    unsigned long now = 0;
    for (int i = 0; i < WORDS; i++)
      now += buffer[i];
    if (now != sum)
      wrong("checksum", now, sum);
    sums++;
    nanosleep(&(struct timespec){0, 3000000}, NULL);
  }
  return unused;
}

static int transfer(ssize_t (*call)(), int fd, long *number) {
  for (;;) {
    ssize_t n = call(fd, number, sizeof *number);
    if (n == sizeof *number)
      return 1;
    if (n >= 0 || errno != EINTR)
      return 0;
  }
}

int main(int argc, char **argv) {
  int file = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1, there[2], back[2];
  if (file < 0 || pipe(there) || pipe(back))
    wrong("cannot start", errno, 0);
  int child = fork();
  if (child == 0) {
    close(there[1]);
    close(back[0]);
    for (long expected = 1, number; transfer(read, there[0], &number); expected++) {
      if (number != expected)
        wrong("number in the child", number, expected);
      number = -number;
      if (!transfer(write, back[1], &number))
        wrong("answer of the child", errno, 0);
    }
    _exit(7);
  }
  sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_term}, NULL);
  sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm, .sa_flags = SA_RESTART}, NULL);
  setitimer(ITIMER_REAL, &(struct itimerval){{0, 20000}, {0, 20000}}, NULL);
  pthread_t thread;
  pthread_create(&thread, NULL, summer, NULL);
  long round = 0;
  while (!over) {
    long number = ++round;
    if (!transfer(write, there[1], &number) || !transfer(read, back[0], &number) || number != -round)
      wrong("answer to the parent", number, -round);
    char line[32];
    int length = snprintf(line, sizeof line, "%ld\n", round);
    if (write(file, line, length) != length)
      wrong("line written", errno, 0);
    nanosleep(&(struct timespec){0, 2000000}, NULL);
  }
  pthread_join(thread, NULL);
  close(there[1]);
  close(back[0]);
  close(back[1]);
  int status, pid;
  while ((pid = waitpid(child, &status, 0)) < 0 && errno == EINTR)
    ;
  if (pid != child || !WIFEXITED(status) || WEXITSTATUS(status) != 7)
    wrong("status of the child", status, 7 << 8);
  if (ticks == 0 || sums == 0)
    wrong("timer or thread", ticks, 1);
  return 0;
}
