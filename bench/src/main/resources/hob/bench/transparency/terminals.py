"""Job control of an interactive shell on a terminal."""
import os, pty, re, select, time
from stage import *


class Terminal:
    def __init__(self, argv):
        environment = dict(os.environ, PS1='$ ', TERM='dumb', HISTFILE='')
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe((prefix() + argv)[0], prefix() + argv, environment)
        self.all, self.at = '', 0

    def type(self, text):
        os.write(self.fd, text.encode())

    def expect(self, pattern, patience=20):
        end = time.time() + patience
        while True:
            m = re.compile(pattern, re.S).search(self.all, self.at)
            if m:
                self.at = m.end()
                return m
            if time.time() > end: raise AssertionError('no %r in %r' % (pattern, self.all[self.at:]))
            if select.select([self.fd], [], [], 0.05)[0]:
                try: self.all += os.read(self.fd, 65536).decode('utf-8', 'replace')
                except OSError: end = 0

    def line(self, text):
        """Types a line at the prompt; what the shell says up to the next one."""
        self.type(text + '\n')
        start = self.at
        self.expect(re.escape(text) + '\r\n')
        self.expect(r'\$ $')
        return self.all[start:self.at]


def normal(text):
    return re.sub(r'\b\d{3,}\b', 'PID', text).replace('\r\n', '\n')


@row
def job_control():
    """job control in an interactive bash on a pty"""
    t = Terminal(['bash', '--norc', '--noediting', '-i'])
    t.expect(r'\$ $')
    if MODE in ('abroad', 'moved'): until('it to be away', lambda: is_away(t.pid))
    if MODE == 'moved': move(t.pid, 'h3')
    say(normal(t.line('tty | cut -c1-8; [ -t 0 ] && echo terminal; stty -a | grep -c isig')))
    t.type('sleep 99 | cat\n'); t.expect('cat\r\n')
    children = '/proc/%d/task/%d/children' % (t.pid, t.pid)
    time.sleep(0.5)
    t.type('\x1a'); t.expect('Stopped'); t.expect(r'\$ $')
    if MODE == 'moved': move(t.pid, 'h2')
    say(normal(t.line('jobs')))
    say(normal(t.line('bg; sleep 0.1; jobs')))
    t.type('fg\n'); t.expect(r'cat\r\n'); time.sleep(0.3)
    t.type('\x03'); t.expect(r'\$ $')
    say(normal(t.line('echo $?')))
    t.line('sleep 98 & sleep 97 &')
    say(normal(t.line('jobs')))
    t.line('kill %1; wait %1')
    say(normal(t.line('jobs')))
    t.line('kill -STOP %2; sleep 0.2')
    say(normal(t.line('jobs')))
    t.line('kill -KILL %2; wait %2 2>/dev/null; sleep 0.1')
    say(normal(t.line('jobs')))
    t.type('cat\n'); t.expect('cat\r\n'); time.sleep(0.3)
    t.type('typed\n'); t.expect('typed\r\ntyped\r\n')
    t.type('\x1c'); t.expect(r'\$ $')
    say(normal(t.line('echo $?')))
    t.type('cat\n'); t.expect('cat\r\n'); time.sleep(0.3); t.type('\x04'); t.expect(r'\$ $')
    say(normal(t.line('(trap "echo interrupted; exit 3" INT; kill -INT $BASHPID); echo $?')))
    t.type('exit 9\n')
    say(words(wait_status(t.pid)))
