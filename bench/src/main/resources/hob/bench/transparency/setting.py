"""What a program inherits, and how it starts others."""
import ctypes, os, signal, subprocess, sys
from stage import *

PROGRAM = os.environ['PROGRAM']


@row
def limits():
    """ulimit"""
    g = new_gate()
    run(sh('''ulimit -S -n 100; ulimit -S -s 4096; ulimit -S -u 5000
        gate $1
        ulimit -a; ulimit -H -a
        python3 -c 'import resource as r; print([r.getrlimit(x) for x in range(16)])'
        (ulimit -f 8; python3 -c 'print("x" * 100000)' >big; echo $?; stat -c %s big)
        (ulimit -n 10; python3 -c '
import os
try:
    while True: last = os.dup(0)
except OSError as e: print(last, e)')
        (ulimit -t 1; python3 -c 'while True: pass'; echo $?)''', g), g, stderr=subprocess.DEVNULL)


@row
def niceness():
    """nice"""
    g = new_gate()
    run(sh('''gate $1
        nice; nice -n 7 nice; nice -n 5 sh -c "nice -n 5 nice"
        python3 -c "import os; print(os.nice(3), os.getpriority(os.PRIO_PROCESS, 0))"
        renice -n 4 -p $$ >/dev/null; nice
        chrt -b 0 chrt -p 0 2>/dev/null | sed 's/pid [0-9]*//' ''', g), g)
    run(['nice', '-n', '9', 'python3', '-c', 'import os; print(os.nice(0))'])


@row
def umasks():
    """umask"""
    g = new_gate()
    run(sh('''umask 027; gate $1; umask; touch a; mkdir d; umask 0; touch b
        (umask 077; python3 -c 'open("c", "w")'); stat -c '%a %n' a b c d; umask''', g), g)


@row
def sessions():
    """setsid and process groups"""
    g = new_gate()
    run(sh('''gate $1
        setsid --wait python3 -c 'import os; print(os.getsid(0) == os.getpid(), os.getpgrp() == os.getpid())'; echo $?
        setsid --wait sh -c 'exit 8'; echo $?
        python3 -c '
import os
p = os.fork()
if p == 0:
    os.setpgid(0, 0); print(os.getpgrp() == os.getpid(), flush=True)
    try: os.setsid()
    except OSError as e: print(e, flush=True)
    os._exit(0)
os.waitpid(p, 0)
p = os.fork()
if p == 0:
    os.setsid(); print(os.getsid(0) == os.getpid(), flush=True)
    try: os.setpgid(0, os.getppid())
    except OSError as e: print(e, flush=True)
    os._exit(0)
os.waitpid(p, 0)' ''', g), g)
    p = start(py('print(os.getsid(0) == int(sys.argv[2]), os.getpgrp() == os.getppid(), os.getpgrp() == os.getpid(),\n'
                 ' flush=True)\ngate(sys.argv[1])\n'
                 'print(os.getsid(0) == int(sys.argv[2]), os.getpgrp() == os.getpid())', h := new_gate(), str(os.getsid(0))),
              stdout=subprocess.PIPE, process_group=0)
    pass_gate(h, p.pid)
    say(p.communicate(timeout=PATIENCE)[0].decode(), p.returncode)


@row
def new_session_seen_at_home():
    """setsid of a program that was started at home, as home sees it"""
    g, h = new_gate(), new_gate()
    p = start(py('gate(sys.argv[1])\nos.setsid()\ngate(sys.argv[2])', g, h))
    pass_gate(g, p.pid)
    at_gate(h)
    say(os.getsid(p.pid) == p.pid, os.getpgid(p.pid) == p.pid)
    open_gate(h)
    say(words(wait_status(p.pid)))


@row
def daemons():
    """daemons that double-fork"""
    g = new_gate()
    p = start(py('''
gate(sys.argv[1])
if os.fork(): os._exit(3)
os.setsid()
if os.fork(): os._exit(0)
while os.getppid() != 1: time.sleep(0.01)
signal.signal(signal.SIGTERM, lambda *_: (open('ended', 'w').close(), os._exit(0)))
open('pid.new', 'w').write(str(os.getpid())); os.rename('pid.new', 'pid')
while True: time.sleep(1)''', g))
    pass_gate(g, p.pid)
    say(words(wait_status(p.pid)))
    until('the pid file', lambda: os.path.exists('pid'))
    daemon = int(open('pid').read())
    until('the daemon at home', lambda: os.path.exists('/proc/%d' % daemon), 5)
    stat = open('/proc/%d/stat' % daemon).read().rsplit(')', 1)[1].split()
    say('parent', stat[1])
    os.kill(daemon, signal.SIGTERM)
    until('the daemon to end', lambda: os.path.exists('ended'), 5)
    until('the daemon to go', lambda: not os.path.exists('/proc/%d' % daemon), 5)


@row
def orphans():
    """a program whose parent ends"""
    g = new_gate()
    middle = os.fork()
    if middle == 0:
        p = start(py('print(os.getppid() == int(sys.argv[2]), flush=True)\ngate(sys.argv[1])\n'
                     'while os.getppid() != 1: time.sleep(0.01)\nprint("orphan", flush=True)',
                     g, str(os.getpid())), stdout=open('out', 'w'))
        at_gate(g)
        open('pid', 'w').write(str(p.pid))
        while not os.path.exists('leave'): time.sleep(0.01)
        os._exit(0)
    until('its pid', lambda: os.path.exists('pid') and open('pid').read())
    pass_gate(g, int(open('pid').read()))
    open('leave', 'w').close()
    os.waitpid(middle, 0)
    until('it to notice', lambda: 'orphan' in open('out').read())
    say(open('out').read())


@row
def vforks():
    """vfork and posix_spawn"""
    g = new_gate()
    run(sh('''gate $1
        $2 vfork /bin/echo hello; echo $?
        $2 vfork /usr/bin/python3 -c 'print("python")'; echo $?
        $2 vfork /nonexistent; echo $?
        python3 -c '
import os, subprocess
print(subprocess.run(["sh", "-c", "exit 5"]).returncode)
p = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 6"], os.environ)
print(os.waitstatus_to_exitcode(os.waitpid(p, 0)[1]))
try: os.posix_spawn("/nonexistent", ["x"], {})
except OSError as e: print(e)' ''', g, PROGRAM), g)


@row
def exec_of_a_thread():
    """exec from a thread that is not the first"""
    g = new_gate()
    run([PROGRAM, 'thread-exec', '/usr/bin/python3', '-c', 'import os; print(len(os.listdir("/proc/self/task")))'])
    p = start([PROGRAM, 'thread-exec', *sh('gate $1; echo $$; exit 4', g)], stdout=subprocess.PIPE)
    # The exec itself may well have stayed at home.
    at_gate(g)
    if MODE == 'moved': move(p.pid, 'h3'); move(p.pid, 'h2')
    open_gate(g)
    out = p.communicate(timeout=PATIENCE)[0]
    say(int(out) == p.pid, p.returncode)


@row
def failing_execs():
    """execs that fail: ENOENT, EACCES, ENOEXEC, E2BIG, ENOTDIR, ELOOP, ETXTBSY"""
    open('noexec', 'w').write('\1\2\3'); os.chmod('noexec', 0o755)
    open('noaccess', 'w').write('#!/bin/sh\n'); os.chmod('noaccess', 0o644)
    os.symlink('loop', 'loop')
    g = new_gate()
    run(py('''
gate(sys.argv[1])
def fails(path, args=['x'], env={}):
    try: os.execve(path, args, env)
    except OSError as e: print(path[-20:], e.strerror, flush=True)
fails('/nonexistent'); fails('./noaccess'); fails('./noexec'); fails('./noexec/x'); fails('./loop'); fails('.')
fails('/bin/sh', ['x' * 200000]); fails('/bin/sh', ['y'] + ['x' * 100000] * 90)
fails('/bin/sh', ['y'], {'E%d' % i: 'x' * 100000 for i in range(90)})
f = open('busy', 'w'); f.write('#!/bin/sh'); f.flush(); os.chmod('busy', 0o755); fails('./busy')
os.execv('/bin/echo', ['echo', 'and one that does not'])''', g), g)
    g = new_gate()
    run(sh('''gate $1; for p in /nonexistent ./noaccess ./noexec ./noexec/x ./loop . nonexistent ''; do
        "$p" 2>&1 | sed 's/line [0-9]*//'; echo ${PIPESTATUS[0]}; env $p >/dev/null 2>&1; echo $?; done''', g), g)


@row
def large_environment():
    """an environment of 1 MB"""
    environment = dict(os.environ, **{'LARGE%d' % i: chr(97 + i % 26) * 100000 for i in range(10)}, ODD='a=b\n"c" \udcff')
    g = new_gate()
    run(py('''
import hashlib
gate(sys.argv[1])
large = {k: v for k, v in os.environb.items() if k.startswith(b'LARGE') or k == b'ODD'}
print(len(large), hashlib.md5(repr(sorted(large.items())).encode()).hexdigest(), flush=True)
os.execvp('sh', ['sh', '-c', 'echo ${#LARGE1} "$ODD"; env | grep -c LARGE'])''', g), g, env=environment)


@row
def environment():
    """the environment is the caller's, and nothing else"""
    env = {'PATH': os.environ['PATH'], 'A': 'b', 'EMPTY': '', 'HOB_RUN_DIR': '/run/hob'}
    run(['/usr/bin/python3', '-c', 'import os; print(sorted(k for k in os.environ if k not in '
         '("LC_CTYPE", "PWD", "OLDPWD", "_", "SHLVL")))'], env=env)


@row
def many_arguments():
    """10,000 arguments"""
    g = new_gate()
    args = ['argument %d' % i for i in range(10000)]
    run(py('''
import hashlib
gate(sys.argv[1])
print(len(sys.argv), hashlib.md5(repr(sys.argv[2:]).encode()).hexdigest(), flush=True)
os.execv('/bin/sh', ['sh', '-c', 'echo $# "${9999}"', *sys.argv[1:]])''', g, *args), g)
    p = start([PROGRAM, 'arguments', '', 'a  b', '*', '$x', '\n'], stdout=subprocess.PIPE)
    say(p.communicate(timeout=PATIENCE)[0])


@row
def command_line_at_home():
    """the command line, name and directory as ps shows them at home"""
    g = new_gate()
    p = start(py('gate(sys.argv[1])', g, 'x y'))
    pass_gate(g, p.pid) if MODE == 'moved' else at_gate(g)
    say(open('/proc/%d/cmdline' % p.pid, 'rb').read().split(b'\0')[0], open('/proc/%d/comm' % p.pid).read(),
        os.readlink('/proc/%d/cwd' % p.pid) == os.getcwd(), os.readlink('/proc/%d/exe' % p.pid))
    open_gate(g)
    say(words(wait_status(p.pid)))


@row
def blocked_and_ignored():
    """blocked and ignored signals are inherited"""
    def set():
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2, signal.SIGTERM])
    g = new_gate()
    p = start(py('print(open("/proc/self/status").read().split("SigBlk:")[1].split("SigCgt")[0], flush=True)\n'
                 'gate(sys.argv[1])\nend = time.time() + 9\n'
                 'while len(signal.sigpending()) < 2 and time.time() < end: time.sleep(0.01)\nprint(sorted(signal.sigpending()))', g),
              stdout=subprocess.PIPE, preexec_fn=set, restore_signals=False)
    at_gate(g)
    for s in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM): os.kill(p.pid, s)
    pass_gate(g, p.pid)
    say(p.communicate(timeout=PATIENCE)[0].decode(), p.returncode)


@row
def descriptors():
    """inherited descriptors, close-on-exec, large numbers"""
    r, w = os.pipe()
    open('file', 'w').write('contents')
    f = os.open('file', os.O_RDWR | os.O_APPEND)
    os.dup2(f, 200)
    g = new_gate()
    p = start(py('gate(sys.argv[1])\nw, f = int(sys.argv[2]), int(sys.argv[3])\n'
                 'os.write(w, b"to the pipe"); os.write(f, b" appended"); os.write(200, b" twice")\n'
                 'print(len(os.listdir("/proc/self/fd")), os.lseek(f, 0, 1) == os.lseek(200, 0, 1))',
                 g, str(w), str(f)), stdout=subprocess.PIPE, pass_fds=(w, f, 200))
    os.close(w)
    pass_gate(g, p.pid)
    say(p.communicate(timeout=PATIENCE)[0].decode(), os.read(r, 100), open('file').read(), p.returncode)
