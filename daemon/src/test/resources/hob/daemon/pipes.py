# Pipes and FIFOs that lead from programs that move to this script, which stays. Each function is a test;
# the name of one is the argument. Works in a directory of its own.
import fcntl, hashlib, os, select, subprocess, sys, threading, time
from person import move, until

ERR = os.open('errors.txt', os.O_CREAT|os.O_RDWR|os.O_APPEND, 0o666)
def start(code, stdin, stdout, close=()):
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.dup2(stdin, 0); os.dup2(stdout, 1); os.dup2(ERR, 2)
        os.closerange(3, 256)
        os.execvp('python3', ['python3', '-uc', 'import os,sys,time,select,fcntl,signal\n' + code])
    for f in close: os.close(f)
    return pid
def status(pid): return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
NULL = os.open('/dev/null', os.O_RDWR)
def read_all(fd, out):
    while True:
        b = os.read(fd, 65536)
        if not b: break
        out.update(b); out.n += len(b)
class Sum:
    def __init__(self): self.h = hashlib.md5(); self.n = 0
    def update(self, b): self.h.update(b)

ROUTE = ['h2', 'h3', 'home', 'h3', 'home']

def large_output():
    r, w = os.pipe()
    pid = start('''
import hashlib
h = hashlib.md5()
i = 0
while not os.path.exists('enough') or i < 200:
    b = (b'%09d\\n' % i) * 5000
    h.update(b); i += 1
    n = 0
    while n < len(b): n += os.write(1, b[n:])
open('sum', 'w').write('%d %s' % (i * 50000, h.hexdigest()))
''', NULL, w, [w])
    s = Sum(); t = threading.Thread(target=read_all, args=(r, s)); t.start()
    for h in ROUTE: move(pid, h)
    open('enough', 'w').close()
    t.join(60); assert not t.is_alive()
    assert status(pid) == 0
    assert open('sum').read() == '%d %s' % (s.n, s.h.hexdigest()), s.n

def large_input():
    r, w = os.pipe()
    pid = start('''
import hashlib
h = hashlib.md5(); n = 0
while True:
    b = os.read(0, 65536)
    if not b: break
    h.update(b); n += len(b)
open('sum', 'w').write('%d %s' % (n, h.hexdigest()))
''', r, NULL, [r])
    h = hashlib.md5(); n = [0]; enough = []
    def feed():
        i = 0
        while not enough or i < 200:
            i += 1
            b = (b'%09d\n' % i) * 5000
            h.update(b); n[0] += len(b)
            k = 0
            while k < len(b): k += os.write(w, b[k:])
        os.close(w)
    t = threading.Thread(target=feed); t.start()
    for x in ROUTE: move(pid, x)
    enough.append(1)
    t.join(60); assert not t.is_alive()
    assert status(pid) == 0
    assert open('sum').read() == '%d %s' % (n[0], h.hexdigest())

def backpressure():
    """A reader at home that does not read stops the writer abroad."""
    r, w = os.pipe()
    pid = start('''
n = 0
b = b'x' * 4096
while True:
    n += os.write(1, b); open('count', 'w').write(str(n))
''', NULL, w, [w])
    move(pid, 'h2')
    def count(): return int(open('count').read() or 0)
    last = -1
    for i in range(50):
        time.sleep(0.3); now = count()
        if now == last: break
        last = now
    assert now == last and now < 2 << 20, now
    got = 0
    while got < now - 20000: got += len(os.read(r, 65536))
    until(lambda: count() > now)
    move(pid, 'h3'); os.kill(pid, 9); status(pid)
    while True:
        b = os.read(r, 65536); got += len(b)
        if not b: break
    # Every byte that was written before the end came, at least those that the writer knows of but for the last write.
    assert got >= count() - 4096, (got, count())

def reader_ends():
    for ignore, want in ((False, -13), (True, 32)):
        r, w = os.pipe()
        pid = start('''
signal.signal(signal.SIGPIPE, signal.%s)
try:
    while True: os.write(1, b'y' * 100); time.sleep(0.01)
except BrokenPipeError as e: os._exit(e.errno)
''' % ('SIG_IGN' if ignore else 'SIG_DFL'), NULL, w, [w])
        move(pid, 'h2')
        os.read(r, 10)
        os.close(r)
        assert status(pid) == want
    # The reader ends while the writer is under way or at home again.
    r, w = os.pipe()
    pid = start('''
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
time.sleep(0.1)
signal.sigwait([signal.SIGUSR1])
os.write(1, b'z'); os._exit(1)
''', NULL, w, [w])
    time.sleep(0.5)
    move(pid, 'h2'); os.close(r); time.sleep(0.3); move(pid, 'h3'); move(pid, 'home')
    os.kill(pid, 10)
    s = status(pid); assert s in (-13, -10), s

def writer_ends():
    r, w = os.pipe()
    pid = start('''
d = b''
while True:
    b = os.read(0, 3)
    if not b: break
    d += b
os._exit(len(d))
''', r, NULL, [r])
    os.write(w, b'abcdefg')
    move(pid, 'h2')
    os.write(w, b'hij'); time.sleep(0.2)
    os.close(w)
    assert status(pid) == 10
    # EOF before the move: at home, then seen abroad.
    r, w = os.pipe()
    pid = start('while not os.path.exists("go"): time.sleep(0.01)\nos._exit(len(sys.stdin.read()))', r, NULL, [r])
    os.write(w, b'abc'); os.close(w); time.sleep(0.3)
    move(pid, 'h2'); move(pid, 'h3'); open('go', 'w').close()
    assert status(pid) == 3

def nonblocking_and_readiness():
    r, w = os.pipe(); r2, w2 = os.pipe()
    fcntl.fcntl(r, 1031, 1 << 18)
    pid = start('''
def has(): return bool(select.select([0],[],[],0)[0])
os.set_blocking(0, False); os.set_blocking(1, False)
ep = select.epoll(); ep.register(0, select.EPOLLIN)
po = select.poll(); po.register(0, select.POLLIN)
while True:
    how = 0
    assert fcntl.fcntl(0, 1032) == 1 << 18, fcntl.fcntl(0, 1032)
    assert not os.get_blocking(0) and not os.get_blocking(1)
    for wait in (lambda: ep.poll(20), lambda: po.poll(20000), lambda: select.select([0],[],[],20)[0]):
        try: x = os.read(0, 100); raise SystemExit('not empty: %r' % x)
        except BlockingIOError: pass
        os.write(1, b'ready\\n')
        if not wait(): raise SystemExit('nothing came')
        b = os.read(0, 100)
        if not b: os._exit(5)
        os.write(1, b'<' + b + b'>\\n')
''', r, w2, [r, w2])
    f = os.fdopen(r2, 'rb')
    def line():
        t = select.select([f], [], [], 10) if not f.peek(0) else True
        return f.readline()
    n = 0
    for h in [None] + ROUTE:
        if h: move(pid, h)
        for i in range(3):
            assert line() == b'ready\n'
            if h and i == 1: move(pid, 'h2' if h != 'h2' else 'h3')
            time.sleep(0.05)
            n += 1
            os.write(w, b'%d' % n)
            got = line(); assert got == b'<%d>\n' % n, got
            if h and i == 1: move(pid, h)
    assert line() == b'ready\n'
    os.close(w)
    assert status(pid) == 5

def there_at_once():
    """What stood in a pipe before a move stands in it from the first moment after."""
    r, w = os.pipe()
    os.write(w, b'x' * 20000)
    pid = start('''
os.set_blocking(0, False)
def there(): return int.from_bytes(fcntl.ioctl(0, 0x541B, bytes(4)), 'little')
n = 20000
while n > 5000:
    assert there() == n, (there(), n)
    open('looks', 'w').close()
    if os.path.exists('take-%d' % n): n -= len(os.read(0, 3000)); open('took-%d' % n, 'w').close()
got = len(os.read(0, 65536))
os.set_blocking(0, True)
while True:
    b = os.read(0, 65536)
    if not b: break
    assert b == b'y' * len(b)
    got += len(b)
os._exit(0 if got == 6000 else 1)
''', r, NULL, [r])
    n = 20000
    until(lambda: os.path.exists('looks'))
    for h in ROUTE:
        move(pid, h)
        open('take-%d' % n, 'w').close()
        n -= 3000
        until(lambda: os.path.exists('took-%d' % n) or os.waitpid(pid, os.WNOHANG)[0])
    os.write(w, b'y' * 1000)
    os.close(w)
    assert status(pid) == 0

def fifo():
    for fd in os.listdir('.'):
        if fd.startswith('fifo'): os.unlink(fd)
    os.mkfifo('fifo-in'); os.mkfifo('fifo-out')
    pid = start('''
i = open('fifo-in', 'rb', 0); o = open('fifo-out', 'wb', 0)
while True:
    b = i.read(100)
    if not b: os._exit(6)
    o.write(b'<' + b + b'>')
''', NULL, NULL)
    w = os.open('fifo-in', os.O_WRONLY); r = os.open('fifo-out', os.O_RDONLY)
    os.write(w, b'a'); assert os.read(r, 100) == b'<a>'
    for h in ROUTE:
        move(pid, h)
        os.write(w, h.encode())
        assert select.select([r],[],[],10)[0]
        assert os.read(r, 100) == b'<' + h.encode() + b'>'
    move(pid, 'h2')
    os.close(w)
    assert status(pid) == 6
    assert os.read(r, 10) == b''

def stop_signals():
    for sig in (20, 21, 22, 19):
        pid = start('time.sleep(1000)', NULL, NULL)
        os.kill(pid, 18)
        move(pid, 'h2')
        os.kill(pid, sig)
        # A process group without a relative in another group of its session is an orphan: only SIGSTOP stops it.
        if sig == 19:
            p, s = os.waitpid(pid, os.WUNTRACED); assert os.WIFSTOPPED(s) and os.WSTOPSIG(s) == sig, s
            os.kill(pid, 18)
            p, s = os.waitpid(pid, os.WCONTINUED); assert os.WIFCONTINUED(s)
        os.kill(pid, 9); status(pid)
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0); os.closerange(0, 256); os.open('/dev/null', 2); os.dup(0); os.dup(0)
            os.execvp('sleep', ['sleep', '1000'])
        time.sleep(0.3)
        move(pid, 'h3')
        for i in range(2):
            os.kill(pid, sig)
            p, s = os.waitpid(pid, os.WUNTRACED); assert os.WIFSTOPPED(s) and os.WSTOPSIG(s) == sig, (s, sig)
            if i == 0: move(pid, 'h2')
            os.kill(pid, 18)
            p, s = os.waitpid(pid, os.WCONTINUED); assert os.WIFCONTINUED(s)
        os.kill(pid, 9); assert status(pid) == -9

def shared_pipe():
    """Both ends in the tree, and others at home read and write too, as with make's job slots."""
    r, w = os.pipe()
    os.write(w, b'+')
    pid = os.fork()
    if pid == 0:
        os.setsid(); os.dup2(r, 10); os.dup2(w, 11); os.dup2(NULL, 0); os.dup2(NULL, 1); os.dup2(ERR, 2)
        os.closerange(3, 10); os.closerange(12, 256)
        os.execvp('python3', ['python3', '-uc', """
import os, time
while not os.path.exists('enough'):
    b = os.read(10, 1)
    open('held', 'w').close(); time.sleep(0.3); os.unlink('held')
    os.write(11, b); time.sleep(0.05)
"""])
    mine = 0
    for h in [None] + ROUTE:
        if h: move(pid, h)
        b = os.read(r, 1); assert b == b'+'; mine += 1
        assert not os.path.exists('held'); time.sleep(0.1); assert not os.path.exists('held')
        os.write(w, b); time.sleep(0.1)
    open('enough', 'w').close()
    assert status(pid) == 0
    assert os.read(r, 1) == b'+' and mine == 6

def foreign_pipe():
    """Both of a pipeline move one after the other: the pipe is between a process abroad and one at home, then two hosts."""
    r, w = os.pipe(); r2, w2 = os.pipe()
    a = start('''
i = 0
while not os.path.exists('enough'): sys.stdout.write('%d\\n' % i); i += 1
''', NULL, w, [w])
    b = start('''
n = 0
for l in sys.stdin:
    assert int(l) == n; n += 1
print(n)
''', r, w2, [r, w2])
    move(b, 'h2'); move(a, 'h3'); move(b, 'home'); move(b, 'h3'); open('enough', 'w').close()
    assert int(os.read(r2, 100)) > 1000
    assert status(a) == 0 and status(b) == 0

globals()[sys.argv[1]]()
