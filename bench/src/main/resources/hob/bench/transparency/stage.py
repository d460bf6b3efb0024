"""What the rows of the transparency table have in common.

A row is a function. It runs at home, starts programs by `start` or `run`, and says what it sees. What it says must be the
same in each mode:

bare    without hob
abroad  the programs run on h2 from the start
moved   the same, and where they stand at a gate they are moved to h3 and back to h2
spread  under a plain `hob run`: shells and their like stay at home, what they start goes
"""
import os, signal, subprocess, sys, time

MODE = os.environ['MODE']
HOB_RUN = os.environ['HOB_RUN']
PATIENCE = 20
ROWS = {}
_said = []
_gates = 0
_started = []
asks = sys.stdout

PRELUDE = '''
gate() { : >at.$1; until [ -e go.$1 ]; do sleep 0.02; done; }
'''
PYTHON_PRELUDE = '''
import os, signal, sys, time
def gate(n):
    open('at.%s' % n, 'w').close()
    while not os.path.exists('go.%s' % n): time.sleep(0.02)
'''


def row(f):
    ROWS[f.__name__] = f
    return f


def say(*words):
    _said.append(' '.join(str(w) for w in words))


def said():
    return '\n'.join(_said) + '\n'


def prefix():
    return {'bare': [], 'spread': [HOB_RUN, '--']}.get(MODE, [HOB_RUN, '--on', 'h2', '--'])


def sh(script, *args):
    """A bash that may stand at gates."""
    return ['bash', '-c', PRELUDE + script, 'bash', *args]


def py(script, *args):
    """The same in python."""
    return ['python3', '-c', PYTHON_PRELUDE + script, *args]


def start(argv, **options):
    """Starts a program where the mode wants it."""
    options.setdefault('stdin', subprocess.DEVNULL)
    p = subprocess.Popen(prefix() + argv, **options)
    _started.append(p)
    return p


def leave():
    """Ends what still runs."""
    for p in _started:
        try:
            if os.waitpid(p.pid, os.WNOHANG)[0] == 0: p.kill()
        except (ChildProcessError, ProcessLookupError): pass


def until(what, f, patience=PATIENCE):
    end = time.time() + patience
    while True:
        x = f()
        if x: return x
        if time.time() > end: raise AssertionError('waited in vain for ' + what)
        time.sleep(0.01)


def mappings(pid):
    try: return sum(1 for _ in open('/proc/%d/maps' % pid))
    except OSError: return 0


def is_away(pid):
    """A shadow has hardly any memory."""
    return 0 < mappings(pid) < 10


def move(pid, host):
    print('move', pid, host, file=asks, flush=True)
    answer = sys.stdin.readline().strip()
    assert answer == 'moved', 'move of %d to %s: %s' % (pid, host, answer)


def new_gate():
    """The name of a gate: each is passed once."""
    global _gates
    _gates += 1
    return str(_gates)


def pass_gate(n, pid):
    """Waits until a program stands there, moves it if the mode is so, and lets it go on."""
    until('gate %s' % n, lambda: os.path.exists('at.%s' % n))
    if MODE in ('abroad', 'moved'):
        # It may go on there a moment before it is a shadow here.
        until('pid %d to be away' % pid, lambda: is_away(pid), 5)
    if MODE == 'moved':
        move(pid, 'h3')
        move(pid, 'h2')
        until('pid %d to be away' % pid, lambda: is_away(pid), 5)
    open('go.%s' % n, 'w').close()


def at_gate(n):
    until('gate %s' % n, lambda: os.path.exists('at.%s' % n))


def open_gate(n):
    open('go.%s' % n, 'w').close()


def run(argv, gate=None, input=None, normal=lambda s: s, **options):
    """Runs a program to its end; says its output and status."""
    options.setdefault('stderr', subprocess.STDOUT)
    p = start(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
    if gate: pass_gate(gate, p.pid)
    try:
        out, err = p.communicate(input, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        p.kill()
        out = p.communicate()[0]
        raise AssertionError('did not end; it said %r' % out)
    say(normal(out.decode('utf-8', 'replace')) + (err.decode('utf-8', 'replace') if err else '') + '[%d]' % p.returncode)


def wait_status(pid, flags=0):
    """The raw status of waitpid(2)."""
    def there():
        got, status = os.waitpid(pid, flags | os.WNOHANG)
        return (status,) if got else None
    return until('pid %d to change its state' % pid, there)[0]


def words(status):
    """A wait status in words."""
    if os.WIFSTOPPED(status): return 'stopped by %d' % os.WSTOPSIG(status)
    if os.WIFCONTINUED(status): return 'continued'
    if os.WIFSIGNALED(status):
        return 'died of %d%s' % (os.WTERMSIG(status), ', core' if os.WCOREDUMP(status) else '')
    return 'exited with %d' % os.WEXITSTATUS(status)


def alive(pid):
    try: os.kill(pid, 0)
    except ProcessLookupError: return False
    return open('/proc/%d/stat' % pid).read().rsplit(')', 1)[1].split()[0] != 'Z'
