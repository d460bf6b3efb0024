# What people have in common who start programs and ask for moves.
import sys, time

def move(pid, host):
    """Whoever started this moves the process."""
    print('move', pid, host, flush=True)
    answer = sys.stdin.readline().strip()
    assert answer == 'moved', answer

def children(pid):
    return [int(x) for x in open('/proc/%d/task/%d/children' % (pid, pid)).read().split()]

def until(f, t=8):
    end = time.time() + t
    while not f():
        if time.time() > end: raise AssertionError('not in time')
        time.sleep(0.02)
