"""Runs a command on a terminal of 33 x 99: terminal.py [TEXT KEYS]... -- COMMAND...

Types KEYS once TEXT has appeared, pair after pair; prints all that appears; exits as the command does.
"""

import fcntl
import os
import pty
import signal
import struct
import sys
import termios

end = sys.argv.index("--")
script = [a.encode().decode("unicode_escape").encode("latin-1") for a in sys.argv[1:end]]
command = sys.argv[end + 1 :]
child, terminal = pty.fork()
if child == 0:
    # Before the command runs, or it may see the size change.
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
    os.execvp(command[0], command)
signal.alarm(60)  # a dialogue that waits for ever fails
seen = b""
since = 0
while True:
    try:
        some = os.read(terminal, 4096)
    except OSError:  # EIO: the last process has closed it
        break
    if not some:
        break
    seen += some
    if script and script[0] in seen[since:]:
        since = len(seen)
        os.write(terminal, script[1])
        script = script[2:]
_, status = os.waitpid(child, 0)
sys.stdout.write(seen.decode().replace("\r\n", "\n"))
sys.exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
