"""How programs end, stop and go on."""
import os, signal, subprocess
from stage import *

AT_ONCE = 16


@row
def exit_codes():
    """exit codes 0..255"""
    for first in range(0, 256, AT_ONCE):
        gates = [(code, new_gate()) for code in range(first, first + AT_ONCE)]
        all = [(code, g, start(sh('gate $1; exit $2', g, str(code)))) for code, g in gates]
        for code, g, p in all: pass_gate(g, p.pid)
        for code, g, p in all: say(code, words(wait_status(p.pid)))


def deadly():
    ignored = (signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH,
               signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
    return [s for s in range(1, 65) if s not in ignored and s not in (32, 33)]


def die(own, core):
    program = 'import resource; resource.setrlimit(resource.RLIMIT_CORE, %s)\n' % ('(-1, -1)' if core else '(0, 0)')
    program += 'n = int(sys.argv[2])\n'
    program += 'if n not in (9, 19): signal.signal(n, signal.SIG_DFL)\n'
    program += 'gate(sys.argv[1])\n'
    # All cores have the same name.
    program += 'os.mkdir("died-%d" % n); os.chdir("died-%d" % n)\n'
    program += 'os.kill(os.getpid(), n)\n' if own else 'time.sleep(60)\n'
    signals = deadly()
    for first in range(0, len(signals), AT_ONCE):
        all = []
        for s in signals[first:first + AT_ONCE]:
            g = new_gate()
            all.append((s, g, start(py(program, g, str(s)))))
        for s, g, p in all: pass_gate(g, p.pid)
        for s, g, p in all:
            if not own:
                until('its directory', lambda: os.path.exists('died-%d' % s))
                os.kill(p.pid, s)
        for s, g, p in all: say(s, words(wait_status(p.pid)), os.listdir('died-%d' % s))


@row
def death_by_own_signal():
    """each signal's death, sent by the program to itself"""
    die(True, False)


@row
def death_by_signal_from_home():
    """each signal's death, sent by its parent"""
    die(False, False)


@row
def core_flag():
    """each signal's death with the core flag, where cores are allowed"""
    die(True, True)


@row
def stop_and_continue():
    """stop and continue, seen by wait with WUNTRACED and WCONTINUED"""
    for s in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
        g = new_gate()
        # A group whose leader's parent is in another group of the session is no orphaned one.
        p = start(py('signal.signal(signal.SIGTERM, lambda *_: os._exit(7))\ngate(sys.argv[1])\n'
                     'while True: time.sleep(1)', g), process_group=0)
        pass_gate(g, p.pid)
        for _ in range(3):
            os.kill(p.pid, s)
            say(words(wait_status(p.pid, os.WUNTRACED)))
            os.kill(p.pid, signal.SIGCONT)
            say(words(wait_status(p.pid, os.WCONTINUED)))
        os.kill(p.pid, s)
        say(words(wait_status(p.pid, os.WUNTRACED)))
        os.kill(p.pid, signal.SIGTERM)
        say('a signal while it is stopped:', os.waitpid(p.pid, os.WNOHANG)[0])
        os.kill(p.pid, signal.SIGCONT)
        say(words(wait_status(p.pid)))


@row
def stops_itself():
    """a program that stops itself"""
    g = new_gate()
    p = start(sh('gate $1; kill -STOP $$; exit 5', g))
    pass_gate(g, p.pid)
    say(words(wait_status(p.pid, os.WUNTRACED)))
    os.kill(p.pid, signal.SIGCONT)
    say(words(wait_status(p.pid, os.WCONTINUED)))
    say(words(wait_status(p.pid)))


@row
def kill_of_a_stopped_program():
    """SIGKILL of a program that is stopped"""
    g = new_gate()
    p = start(sh('gate $1; kill -STOP $$; exit 5', g))
    pass_gate(g, p.pid)
    say(words(wait_status(p.pid, os.WUNTRACED)))
    os.kill(p.pid, signal.SIGKILL)
    say(words(wait_status(p.pid)))


@row
def timeouts():
    """timeout(1)"""
    g = new_gate()
    run(sh('''gate $1
        timeout 0.3 sleep 60; echo $?
        (timeout -s KILL 0.3 sleep 60); echo $?
        timeout -s INT 0.3 python3 -c 'import time; time.sleep(60)' 2>/dev/null; echo $?
        timeout --preserve-status 0.3 sleep 60; echo $?
        timeout 60 sh -c 'exit 9'; echo $?
        (timeout -k 0.2 0.2 bash -c 'trap "" TERM; while :; do sleep 0.1; done'); echo $?
        timeout --foreground 0.3 sleep 60; echo $?
        timeout 60 /nonexistent 2>/dev/null; echo $?''', g), g, stderr=subprocess.DEVNULL)
    p = start(['timeout', '1', 'sleep', '60'])
    say(words(wait_status(p.pid)))


@row
def nohup():
    """nohup(1): a hang-up does not end it"""
    g = new_gate()
    p = start(['nohup', *sh('gate $1; echo still here; exit 3', g)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    at_gate(g)
    os.kill(p.pid, signal.SIGHUP)
    pass_gate(g, p.pid if MODE != 'spread' else 0)
    out = p.communicate(timeout=PATIENCE)[0]
    say(out, p.returncode)


@row
def signals_from_home():
    """traps of signals that come from home, one after the other"""
    g = new_gate()
    p = start(py('''
n = []
def caught(s, f):
    n.append(s)
    open('caught-%d' % s, 'w').close()
for s in (1, 2, 3, 10, 12, 15, 28, 34, 64): signal.signal(s, caught)
gate(sys.argv[1])
while len(n) < 9: time.sleep(0.01)
print(n)''', g), stdout=subprocess.PIPE)
    pass_gate(g, p.pid)
    for s in (1, 2, 3, 10, 12, 15, 28, 34, 64):
        os.kill(p.pid, s)
        until('signal %d' % s, lambda: os.path.exists('caught-%d' % s))
    say(p.communicate(timeout=PATIENCE)[0], p.returncode)


@row
def queued_values():
    """signals with a value and the sender's pid"""
    g = new_gate()
    p = start(py('''
signal.pthread_sigmask(signal.SIG_BLOCK, [34, 35])
gate(sys.argv[1])
for _ in range(4):
    i = signal.sigwaitinfo([34, 35])
    print(i.si_signo, i.si_code, i.si_pid == os.getppid(), i.si_uid)''', g), stdout=subprocess.PIPE)
    pass_gate(g, p.pid)
    import ctypes
    libc = ctypes.CDLL(None)
    for s in (34, 34, 35): libc.sigqueue(p.pid, s, ctypes.c_void_p(77))
    os.kill(p.pid, 35)
    say(p.communicate(timeout=PATIENCE)[0].decode(), p.returncode)


@row
def group_signals():
    """a signal to a process group: all of it, once each"""
    g = new_gate()
    p = start(sh('''trap 'echo shell' USR1
        for i in 1 2 3; do (trap "echo child $i; exit" USR1; while :; do sleep 0.02; done) & done
        gate $1
        wait; wait; wait; wait; echo over''', g), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, process_group=0)
    pass_gate(g, p.pid)
    os.killpg(p.pid, signal.SIGUSR1)
    out = p.communicate(timeout=PATIENCE)[0].decode()
    say(sorted(out.split('\n')), p.returncode)


@row
def kill_of_a_group():
    """SIGKILL to a process group leaves none of it"""
    g = new_gate()
    p = start(sh('sleep 77 & sleep 77 & gate $1; wait', g), stdout=subprocess.PIPE, process_group=0)
    pass_gate(g, p.pid)
    os.killpg(p.pid, signal.SIGKILL)
    # The pipe ends with the last one that has it open.
    say(p.stdout.read(), words(wait_status(p.pid)))
