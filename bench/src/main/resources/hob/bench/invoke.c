/*
 * Starts commands and looks at what comes of each.
 *
 *   invoke COUNT WORKERS PROGRAM    WORKERS processes start PROGRAM NUMBER, COUNT times in all
 *   invoke answer NUMBER            such a program: writes the number, exits with its last byte
 *
 * Says a line for each that went wrong, then how many did.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int right(const char *program, int number) {
  char word[16], expected[32], got[64];
  int ends[2], status;
  size_t n = 0;
  ssize_t r;
  pid_t pid;
  posix_spawn_file_actions_t actions;
  snprintf(word, sizeof word, "%d", number);
  snprintf(expected, sizeof expected, "%d\n", number);
  if (pipe2(ends, O_CLOEXEC)) return 0;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  char *argv[] = {(char *)program, "answer", word, NULL};
  errno = posix_spawn(&pid, program, &actions, NULL, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (errno) {
    printf("%d: %s\n", number, strerror(errno));
    close(ends[0]);
    return 0;
  }
  while (n < sizeof got - 1 && (r = read(ends[0], got + n, sizeof got - 1 - n)) > 0) n += r;
  got[n] = 0;
  close(ends[0]);
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return 0;
  if (strcmp(got, expected) == 0 && WIFEXITED(status) && WEXITSTATUS(status) == (number & 255)) return 1;
  printf("%d: status %x, output \"%s\"\n", number, status, got);
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "answer") == 0) {
    printf("%s\n", argv[2]);
    return atoi(argv[2]) & 255;
  }
  if (argc != 4) return 2;
  int count = atoi(argv[1]), workers = atoi(argv[2]), wrong = 0, status;
  for (int w = 0; w < workers; w++) {
    pid_t pid = fork();
    if (pid < 0) return 1;
    if (pid > 0) continue;
    int mine = 0;
    for (int i = w; i < count; i += workers) mine += !right(argv[3], i);
    fflush(stdout);
    _exit(mine > 255 ? 255 : mine);
  }
  for (int w = 0; w < workers; w++) {
    if (wait(&status) < 0) return 1;
    wrong += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
  printf("%d wrong\n", wrong);
  return wrong != 0;
}
