# What a person at a terminal does to programs that move. Each function is a test; the name of one is
# the argument. Works in a directory of its own.
import os, pty, re, select, signal, struct, subprocess, sys, termios, time, fcntl
from person import children, move, until

class Term:
    def __init__(self, *argv, rows=24, cols=80):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.closerange(3, 256)
            open('inputrc', 'w').write('set enable-bracketed-paste off\n')
            os.environ.update(PS1='$ ', TERM='xterm', HISTFILE='', INPUTRC=os.path.abspath('inputrc'))
            os.execvp(argv[0], argv)
        self.size(rows, cols)
        self.all = ''
        self.at = 0
    def size(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, cols, 0, 0))
    def send(self, s):
        os.write(self.fd, s.encode())
    def pump(self, t):
        r, _, _ = select.select([self.fd], [], [], t)
        if not r: return False
        try: b = os.read(self.fd, 65536)
        except OSError: return None
        if not b: return None
        self.all += b.decode('utf-8', 'replace')
        return True
    def expect(self, rx, t=8):
        end = time.time() + t
        while True:
            m = re.compile(rx, re.S).search(self.all, self.at)
            if m:
                self.at = m.end()
                return m
            left = end - time.time()
            if left <= 0 or self.pump(left) is None:
                m = re.compile(rx, re.S).search(self.all, self.at)
                if m: self.at = m.end(); return m
                raise AssertionError('no %r in %r' % (rx, self.all[self.at:]))
    def quiet(self, t=0.5):
        end = time.time() + t
        while time.time() < end and self.pump(end - time.time()): pass
        s = self.all[self.at:]; self.at = len(self.all); return s
    def lflag(self):
        return termios.tcgetattr(self.fd)[3]
    def fg(self):
        return struct.unpack('i', fcntl.ioctl(self.fd, termios.TIOCGPGRP, b'    '))[0]

def named(t, name):
    """A child of the shell that runs a program."""
    def found():
        return [c for c in children(t.pid) if open('/proc/%d/comm' % c).read().strip() == name]
    until(found)
    return found()[0]

def shell():
    t = Term('bash', '--norc', '-i')
    t.expect(r'\$ $')
    return t

def job(t, command):
    """Starts a command; its pid."""
    t.send(command + '\n')
    until(lambda: children(t.pid))
    pid = children(t.pid)[-1]
    until(lambda: open('/proc/%d/cmdline' % pid).read().split('\0')[0] != 'bash')
    return pid

def cat(t):
    pid = job(t, 'cat')
    t.send('one\n'); t.expect('one\r\none\r\n')
    return pid

def moved_while_reading_twice_and_home():
    t = shell(); pid = cat(t)
    for i, host in enumerate(['h2', 'h3', 'home', 'h3', 'home']):
        move(pid, host)
        t.send('line%d\n' % i); t.expect(r'line%d\r\nline%d\r\n' % (i, i))
        t.send('\x15edit\x7fted\n'); t.expect(r'\r\nedited\r\n')
    t.send('\x04'); t.expect(r'\$ $')
    t.send('echo s=$?\n'); t.expect('s=0')

def interrupt_and_quit():
    for key, status in [('\x03', 130), ('\x1c', 131)]:
        t = shell(); pid = cat(t)
        move(pid, 'h2')
        t.send(key); t.expect(r'\$ $')
        t.send('echo s=$?\n'); t.expect('s=%d' % status)

def suspend_foreground_background():
    t = shell(); pid = cat(t)
    move(pid, 'h2')
    for i in range(3):
        t.send('\x1a'); t.expect(r'Stopped'); t.expect(r'\$ $')
        t.send('echo s=$?\n'); t.expect('s=148'); t.expect(r'\$ $')
        t.send('jobs -l\n'); t.expect(r'%d Stopped  ' % pid); t.expect(r'\$ $')
        t.send('echo at the shell\n'); t.expect('shell\r\nat the shell'); t.expect(r'\$ $')
        t.send('fg\n'); t.expect('cat\r\n'); time.sleep(0.2)
        t.send('back%d\n' % i); t.expect('back%d\r\nback%d\r\n' % (i, i))
        if i == 1: move(pid, 'h3')
    t.send('\x1a'); t.expect('Stopped'); t.expect(r'\$ $')
    t.send('bg\n'); t.expect(r'cat &')
    t.expect(r'\$ $')
    time.sleep(0.5); t.send('\n'); t.expect(r'Stopped'); t.expect(r'\$ $')
    t.send('jobs -l\n'); t.expect(r'%d Stopped \(tty input\)' % pid); t.expect(r'\$ $')
    t.send('fg\n'); t.expect('cat\r\n'); time.sleep(0.2)
    t.send('again\n'); t.expect('again\r\nagain\r\n')
    t.send('\x03'); t.expect(r'\$ $')

def python_with_readline():
    t = shell(); pid = job(t, 'python3 -q')
    t.expect('>>> $')
    t.send('40+2\n'); t.expect('\r\n42\r\n'); t.expect('>>> $')
    for host in ['h2', 'h3', 'home']:
        move(pid, host)
        t.send('6*8\x02\x027\x0b\n'); t.expect(r'\r\n67\r\n'); t.expect('>>> $')
        t.send('x="a\x7fb"\n'); t.expect('>>> $'); t.send('x+"c"\n'); t.expect("'bc'"); t.expect('>>> $')
        t.send('abc'); t.expect('abc'); time.sleep(0.2); t.send('\x03'); t.expect('KeyboardInterrupt'); t.expect('>>> $')
        t.send('\x1b[A\x1b[A\n'); t.expect('>>> $')
        t.send('import time; time.sleep(100)\n'); time.sleep(0.4)
        t.send('\x03'); t.expect('KeyboardInterrupt'); t.expect('>>> $')
    t.send('\x04'); t.expect(r'\$ $')

def less_and_vim():
    open('lines', 'w').write(''.join('line %d\n' % i for i in range(1, 500)))
    t = shell(); pid = job(t, 'less lines')
    t.expect('line 23')
    move(pid, 'h2')
    t.send(' '); t.expect('line 46')
    t.size(11, 80); t.quiet(); t.send(' '); t.expect('line 43')
    t.send('G'); t.expect('line 499')
    t.send('q'); t.expect(r'\$ $')
    t.size(24, 80)
    # Input from a pipe: the keys come from /dev/tty.
    t.send('cat lines | less\n'); t.expect('line 23')
    pid = named(t, 'less')
    move(pid, 'h2')
    t.send(' '); t.expect('line 46')
    move(pid, 'h3')
    t.send('G'); t.expect('line 499')
    t.send('q'); t.expect(r'\$ $')
    pid = job(t, 'vim -u NONE -N lines')
    t.expect('line 23'); time.sleep(0.3)
    move(pid, 'h2')
    t.send('ddiwritten abroad\x1b'); t.expect('written abroad')
    move(pid, 'h3')
    t.send('ohello\x1b:wq\r'); t.expect(r'\$ $')
    assert open('lines').read().startswith('written abroadline 2\nhello\n'), open('lines').read()[:60]

def window_size():
    t = shell()
    pid = job(t, "python3 -uc 'import os,signal,time\nsignal.signal(28,lambda *a: print(\"size\",*os.get_terminal_size()))\nprint(\"go\")\nwhile 1: time.sleep(0.1)'")
    t.expect('\r\ngo')
    move(pid, 'h2')
    t.size(33, 99); t.expect('size 99 33\r\n')
    t.size(34, 100); t.expect('size 100 34\r\n')
    assert 'size' not in t.quiet()
    move(pid, 'h3')
    t.size(35, 101); t.expect('size 101 35\r\n')
    move(pid, 'home')
    t.size(36, 102); t.expect('size 102 36\r\n')
    t.send('\x03')

def settings():
    t = shell(); pid = job(t, "sh -c 'while read x; do eval \"$x\"; done'")
    move(pid, 'h2')
    t.send('stty -echo; echo done\n'); t.expect('\ndone')
    until(lambda: not t.lflag() & termios.ECHO)
    t.send('echo hid\n'); t.expect('hid'); assert 'echo hid' not in t.all
    move(pid, 'h3')
    t.send('stty echo rows 40; echo ne\\xt\n'); t.expect('next')
    until(lambda: t.lflag() & termios.ECHO)
    until(lambda: fcntl.ioctl(t.fd, termios.TIOCGWINSZ, b'12345678')[0] == 40)
    a = termios.tcgetattr(t.fd); a[6][termios.VINTR] = b'\x02'; termios.tcsetattr(t.fd, termios.TCSANOW, a)
    time.sleep(0.2)
    t.send('stty -a | grep -o "intr = .B"\n'); t.expect('intr = \^B\r\n')
    t.send('\x02'); t.expect(r'\$ $')

def dev_tty():
    t = shell()
    pid = job(t, "sh -c 'exec 5<>/dev/tty; while read x <&5; do eval \"$x\"; done' </dev/null >/dev/null 2>&1")
    for host in ['h2', 'h3', 'home']:
        move(pid, host)
        t.send('echo old-$((6*7)) >&5\n'); t.expect('old-42')
        t.send('echo new-$((6*7)) >/dev/tty\n'); t.expect('new-42')
        t.send('read y </dev/tty; echo "<$y>" >/dev/tty\n'); time.sleep(0.3); t.send('typed\n'); t.expect('<typed>')
        t.send('ps -o tty= -p $$ >&5\n'); t.expect(r'\r\npts/')
    move(pid, 'h2')
    t.send('\x03'); t.expect(r'\$ $')

def interrupt_reaches_children_born_abroad():
    t = shell()
    pid = job(t, "sh -c 'sleep 0.1; read x </dev/tty; trap \"echo tr-$x >/dev/tty\" INT; sleep 1000; sleep 1000; echo done >/dev/tty' </dev/null >/dev/null 2>&1")
    move(pid, 'h2')
    time.sleep(0.3)
    t.send('go\n'); time.sleep(0.7)
    t.send('\x03'); t.expect('tr-go')
    time.sleep(0.5)
    t.send('\x03'); t.expect('tr-go'); t.expect('done'); t.expect(r'\$ $')

def hangup():
    for leaves in [False, True]:
        t = shell()
        out = os.path.abspath('hup')
        if os.path.exists(out): os.unlink(out)
        pid = job(t, "python3 -c 'import signal,os,time\nsignal.signal(1,lambda *a:(open(\"%s\",\"a\").write(\"hup\"),os._exit(0)))\nprint(\"up\",flush=True)\nwhile 1: time.sleep(0.1)'" % out)
        t.expect('\nup')
        move(pid, 'h2')
        os.close(t.fd)
        until(lambda: os.path.exists(out) and open(out).read() == 'hup')
        until(lambda: not os.path.exists('/proc/%d' % pid))
        os.waitpid(t.pid, 0)

def shell_itself():
    t = shell()
    t.send('sleep 1000 &\n'); t.expect(r'\$ $')
    move(t.pid, 'h2')
    def use():
        t.send('echo $((6*7))\n'); t.expect('\n42'); t.expect(r'\$ $')
        t.send('cat\n'); time.sleep(0.4); t.send('abc\n'); t.expect('abc\r\nabc\r\n')
        t.send('\x1a'); t.expect('Stopped'); t.expect(r'\$ $')
        t.send('fg\n'); t.expect('cat\r\n'); time.sleep(0.2); t.send('def\n'); t.expect('def\r\ndef\r\n')
        t.send('\x03'); t.expect(r'\$ $')
        t.send('sleep 500\n'); time.sleep(0.5); t.send('\x03'); t.expect(r'\$ $')
        t.send('echo s=$?\n'); t.expect('s=130'); t.expect(r'\$ $')
        t.send('jobs\n'); t.expect('Running *sleep 1000'); t.expect(r'\$ $')
    use()
    move(t.pid, 'h3'); use()
    t.send('cat\n'); time.sleep(0.4); t.send('abc\n'); t.expect('abc\r\nabc\r\n')
    move(t.pid, 'home')
    t.send('at home\n'); t.expect('at home\r\nat home\r\n')
    t.send('\x1a'); t.expect('Stopped'); t.expect(r'\$ $')
    t.send('fg\n'); t.expect('cat\r\n'); time.sleep(0.2); t.send('def\n'); t.expect('def\r\ndef\r\n')
    t.send('\x03'); t.expect(r'\$ $')
    use()
    move(t.pid, 'h3')
    t.send('exit\n'); t.expect('exit')
    os.waitpid(t.pid, 0)

def background_job_reads_nothing():
    t = shell()
    t.send("sh -c 'sleep 3; read x; echo \"<$x>\"' &\n"); t.expect(r'\$ $')
    pid = children(t.pid)[0]
    move(pid, 'h2')
    t.send('echo mine\n'); t.expect('\nmine'); t.expect(r'\$ $')
    time.sleep(3.5)
    t.send('\n'); t.expect('Stopped')
    t.send('fg\n'); t.expect('sh -c'); time.sleep(0.3); t.send('xyz\n'); t.expect('<xyz>')


globals()[sys.argv[1]]()
