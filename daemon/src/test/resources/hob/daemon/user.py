# What an ordinary user's process does before, between and after moves. Each function is a test; the name
# of one is the argument. Started by root, works in a directory of its own.
import os, select, subprocess, sys, time
from person import children, move

UID = 1000

def start(code, *args, shell=False):
    r, w = os.pipe()
    r2, w2 = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.dup2(r, 0); os.dup2(w2, 1); os.dup2(os.open('user.err', os.O_CREAT|os.O_RDWR|os.O_APPEND, 0o666), 2)
        os.closerange(3, 256)
        os.setgroups([]); os.setresgid(UID, UID, UID); os.setresuid(UID, UID, UID)
        if shell: os.execvp('sh', ['sh', '-c', code])
        os.execvp('python3', ['python3', '-uc', code])
    os.close(r); os.close(w2)
    return pid, os.fdopen(r2, 'r', buffering=1), os.fdopen(w, 'w', buffering=1)
PY = '''
import os,sys
for l in sys.stdin:
    exec(l)
'''
def tell(io, line):
    io[2].write(line + '\n')
    r,_,_ = select.select([io[1]],[],[],10)
    assert r, 'no answer to ' + line
    return io[1].readline().strip()
def ids(): return 'print(os.getresuid(), os.getresgid(), os.getgroups(), [l for l in open("/proc/self/status") if l[:3]=="Cap"][:3])'
def status(pid): return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def moves():
    io = start(PY); pid = io[0]
    time.sleep(0.5)
    before = tell(io, ids())
    for h in ['h2','h3','home','h2','home']:
        move(pid, h)
        assert tell(io, ids()) == before
        assert tell(io, 'print(os.getpid())') == str(pid)
        assert tell(io, 'print(os.readlink("/proc/self/exe"))').startswith('/'), 1
    io[2].write('os._exit(7)\n'); assert status(pid) == 7

def ends_abroad():
    io = start(PY); pid = io[0]; time.sleep(0.5)
    move(pid, 'h2')
    io[2].write('os._exit(9)\n'); assert status(pid) == 9
    io = start(PY); pid = io[0]; time.sleep(0.5)
    move(pid, 'h2')
    if os.fork() == 0:
        os.setresuid(UID, UID, UID); os.kill(pid, 15); os._exit(0)
    assert status(pid) == -15

def forks_and_threads():
    io = start(PY); pid = io[0]; time.sleep(0.5)
    move(pid, 'h2')
    assert tell(io, 'child = os.popen("sleep 1000"); print("f")') == 'f'
    assert tell(io, 'import threading,time; t = threading.Thread(target=lambda: time.sleep(1000), daemon=True); t.start(); print(t.native_id)')
    move(pid, 'home')
    kids = children(pid)
    assert tell(io, 'print(len(os.listdir("/proc/self/task")))') == '2'
    move(pid, 'h3')
    assert tell(io, 'print(threading.active_count())') == '2'
    move(pid, 'home')
    io[2].write('import signal; os.system("pkill -P %d") ; os._exit(3)\n' % pid); assert status(pid) == 3

def execs_abroad():
    io = start("read x; exec python3 -uc '%s'" % PY, shell=True); pid = io[0]; time.sleep(0.5)
    move(pid, 'h2')
    io[2].write('x\n'); time.sleep(0.7)
    exe = tell(io, 'print(os.readlink("/proc/self/exe"))')
    move(pid, 'home')
    assert tell(io, 'print(os.readlink("/proc/self/exe"))') == exe
    assert os.readlink('/proc/%d/exe' % pid) == exe
    move(pid, 'h3'); move(pid, 'home')
    assert os.readlink('/proc/%d/exe' % pid) == exe
    assert 'Cap' in tell(io, ids())
    io[2].write('os._exit(4)\n'); assert status(pid) == 4

def child_execs_abroad():
    io = start(PY); pid = io[0]; time.sleep(0.5)
    move(pid, 'h2')
    assert tell(io, 'import subprocess; c = subprocess.Popen(["sleep","1000"]); print("f")') == 'f'
    time.sleep(0.3)
    move(pid, 'home')
    k = children(pid)[0]
    assert 'sleep' in open('/proc/%d/cmdline' % k).read() and os.readlink('/proc/%d/exe' % k).endswith(('sleep','coreutils')), os.readlink('/proc/%d/exe' % k)
    assert tell(io, 'c.kill(); print(c.wait())') == '-9'
    io[2].write('os._exit(4)\n'); assert status(pid) == 4

globals()[sys.argv[1]]()
