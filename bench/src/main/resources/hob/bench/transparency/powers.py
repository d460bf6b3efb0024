"""Locks, privileges, debuggers, filters."""
import os, re, shutil, subprocess
from stage import *

PROGRAM = os.environ["PROGRAM"]

LOCK = '''
import fcntl
def attempt(f, how=fcntl.LOCK_EX):
    try: f(open(sys.argv[2], 'r+'), how | fcntl.LOCK_NB); return 'taken'
    except OSError as e: return 'refused'
'''


@row
def flocks():
    """flock and fcntl locks between home and abroad"""
    import fcntl
    open('lock', 'w').close()
    for lock in ('flock', 'lockf'):
        take = getattr(fcntl, lock)
        mine = open('lock', 'r+')
        take(mine, fcntl.LOCK_EX)
        g, h = new_gate(), new_gate()
        p = start(py(LOCK + '''
gate(sys.argv[1])
print(attempt(fcntl.%s), flush=True)
f = open(sys.argv[2], 'r+')
fcntl.%s(f, fcntl.LOCK_EX)
print('waited', flush=True)
gate(sys.argv[3])''' % (lock, lock), g, 'lock', h), stdout=subprocess.PIPE)
        pass_gate(g, p.pid)
        say(p.stdout.readline())
        take(mine, fcntl.LOCK_UN)
        say(p.stdout.readline())
        try: take(mine, fcntl.LOCK_EX | fcntl.LOCK_NB); say('taken')
        except OSError: say('refused')
        pass_gate(h, p.pid)
        say(words(wait_status(p.pid)))
        take(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine.close()
    g = new_gate()
    run(sh('gate $1; flock lock sh -c "echo locked"; flock -n lock sh -c "flock -n lock true; echo \\$?"; '
           'exec 9>lock; flock 9; flock -n lock echo no; echo $?', g), g)


@row
def setuid_programs():
    """setuid and setgid programs have their power"""
    shutil.copy(PROGRAM, 'setuid'); os.chown('setuid', 65534, 65534); os.chmod('setuid', 0o6755)
    run(['./setuid', 'ids'])
    g = new_gate()
    run(sh('gate $1; ./setuid ids; echo $?; python3 -c "import subprocess; print(subprocess.run([\'./setuid\', \'ids\']).returncode)"', g), g)


@row
def sudo():
    """sudo and su"""
    if shutil.which('sudo'):
        run(['sudo', '-n', '-u', 'nobody', 'id', '-un'])
    if shutil.which('setpriv'):
        run(['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', 'id', '-u'])
    run(['su', '-s', '/bin/sh', 'nobody', '-c', 'id -un; exit 3'])
    g = new_gate()
    run(sh('gate $1; su -s /bin/sh nobody -c "id -un; exit 3"; echo $?', g), g)


@row
def tracing():
    """strace of a command"""
    if not shutil.which('strace'): return say('no strace')
    run(['strace', '-f', '-qq', '-e', 'trace=chdir', '-o', 'trace', 'sh', '-c', 'cd /tmp; (cd /usr); exit 5'])
    say(sorted(' '.join(l.split()[1:]) for l in open('trace') if 'chdir' in l))
    g = new_gate()
    run(sh('gate $1; strace -f -qq -e trace=chdir -o trace2 sh -c "cd /tmp; exit 6"; echo $?; cut -d" " -f2- trace2 | grep chdir | tr -d " "', g), g)


@row
def debugging():
    """gdb on a command"""
    if not shutil.which('gdb'): return say('no gdb')
    run(['gdb', '-q', '-nx', '-batch', '-ex', 'set debuginfod enabled off', '-ex', 'run', '-ex', 'info inferiors',
         '--args', 'sh', '-c', 'exit 3'], normal=lambda s: re.sub('process [0-9]+', 'process PID', s), stderr=subprocess.DEVNULL)


@row
def own_filter():
    """a program with a seccomp filter of its own"""
    g = new_gate()
    run(py('''
import ctypes, struct
libc = ctypes.CDLL(None, use_errno=True)
code = b''.join(struct.pack('HBBI', *x) for x in [
    (0x20, 0, 0, 0), (0x15, 0, 1, 83), (0x06, 0, 0, 0x00050000 | 42), (0x06, 0, 0, 0x7fff0000)])
program = ctypes.create_string_buffer(code)
class Program(ctypes.Structure): _fields_ = [('n', ctypes.c_ushort), ('p', ctypes.c_void_p)]
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(4, ctypes.addressof(program))), 0, 0) == 0
def attempt():
    try: os.mkdir('directory'); print('made', flush=True)
    except OSError as e: print(e.errno, flush=True)
attempt(); gate(sys.argv[1]); attempt()
os.execvp('python3', ['python3', '-c', """
import os
try: os.mkdir('directory')
except OSError as e: print(e.errno)
print(os.spawnlp(os.P_WAIT, 'sh', 'sh', '-c', 'exit 3'))"""])''', g), g)


@row
def deadly_filter():
    """a program that its own seccomp filter kills"""
    g = new_gate()
    p = start(py('''
import ctypes, struct, resource
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
libc = ctypes.CDLL(None, use_errno=True)
code = b''.join(struct.pack('HBBI', *x) for x in [
    (0x20, 0, 0, 0), (0x15, 0, 1, 83), (0x06, 0, 0, 0x80000000), (0x06, 0, 0, 0x7fff0000)])
program = ctypes.create_string_buffer(code)
class Program(ctypes.Structure): _fields_ = [('n', ctypes.c_ushort), ('p', ctypes.c_void_p)]
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(Program(4, ctypes.addressof(program))), 0, 0) == 0
gate(sys.argv[1])
os.mkdir('directory')''', g))
    pass_gate(g, p.pid)
    say(words(wait_status(p.pid)))
