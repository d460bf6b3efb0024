/* Appends 1, 2, 3, ... to a file, a line every few milliseconds, until it is killed. What it wrote shows whether it
   ever ran twice, or went back in time. */
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int fd = argc > 1 ? open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0644) : -1;
  if (fd < 0)
    return 2;
  for (unsigned long n = 1;; n++) {
    char line[32];
    int length = snprintf(line, sizeof line, "%lu\n", n);
    if (write(fd, line, length) != length)
      return 3;
    nanosleep(&(struct timespec){0, 5000000}, NULL);
  }
}
