/* What scripts cannot do, for the rows of the transparency table. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char **command;

static void *execute(void *unused)
{
  (void)unused;
  execvp(command[0], command);
  _exit(99);
}

static int by_vfork(void)
{
  int status;
  pid_t child = vfork();
  if (child == 0) {
    execv(command[0], command);
    _exit(98);
  }
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}

int main(int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "";
  command = argv + 2;
  if (strcmp(what, "vfork") == 0)
    return by_vfork();
  if (strcmp(what, "thread-exec") == 0) {
    pthread_t thread;
    pthread_create(&thread, NULL, execute, NULL);
    pause();
  }
  if (strcmp(what, "ids") == 0)
    printf("%d %d %d %d\n", getuid(), geteuid(), getgid(), getegid());
  if (strcmp(what, "arguments") == 0)
    for (int i = 0; i < argc; i++)
      printf("<%s>", i == 0 ? "" : argv[i]);
  return 0;
}
