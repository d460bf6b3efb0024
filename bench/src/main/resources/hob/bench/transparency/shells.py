"""What scripts do."""
import os, signal, subprocess
from stage import *


@row
def xargs():
    """xargs -P"""
    g = new_gate()
    run(sh('''gate $1
        seq 24 | xargs -P 6 -I{} sh -c 'sleep 0.0$((RANDOM % 9)); echo {}' | sort -n | tr '\\n' ' '
        seq 6 | xargs -P 3 -n 1 sh -c 'exit $((${0} % 2))'; echo $?
        echo a b | xargs sh -c 'exit 255' 2>/dev/null; echo $?
        echo a | xargs /nonexistent 2>/dev/null; echo $?
        printf 'x y\\0z' | xargs -0 -n1 printf '<%s>' ''', g), g)


@row
def parallel_scripts():
    """scripts that keep some jobs going at a time"""
    g = new_gate()
    run(sh('''gate $1
        running=0
        for i in $(seq 20); do
          (sleep 0.0$((RANDOM % 9)); echo job $i >>done; exit $((i % 3))) &
          running=$((running + 1))
          if [ $running -ge 4 ]; then wait -n; s=$?; [ $s -le 2 ] || echo $s; running=$((running - 1)); fi
        done
        wait; echo $?; sort -k2n done
        sleep 0.1 & a=$!; sh -c 'exit 4' & b=$!; sh -c 'sleep 0.1; kill -9 $$' & c=$!
        wait $a; echo $?; wait $b; echo $?; wait $c 2>/dev/null; echo $?; wait 99999 2>/dev/null; echo $?''', g), g,
        stderr=subprocess.DEVNULL)


@row
def traps():
    """traps of EXIT, ERR, INT, TERM, USR1 and CHLD"""
    g = new_gate()
    run(sh('''trap 'echo exit $?' EXIT
        trap 'echo err' ERR
        trap 'echo int' INT; trap 'echo term' TERM; trap 'echo usr1' USR1
        gate $1
        kill -INT $$; kill -TERM $$; kill -USR1 $$
        false
        (trap 'echo sub exit' EXIT; exit 2)
        (trap - TERM; kill -TERM $BASHPID); echo $?
        n=0; trap 'n=$((n+1))' CHLD; sleep 0.01; sleep 0.01; trap - CHLD; echo $n
        trap '' HUP; sh -c 'kill -HUP $$; echo ignored'
        exit 6''', g), g)


@row
def here_documents():
    """here-documents and here-strings"""
    g = new_gate()
    run(sh('''x=value
        { gate $1; cat; echo; python3 -c 'import sys; print(len(sys.stdin.read()))'; } <<END
a $x $(echo substituted)
	tab
END
        python3 -c 'import sys; print(sys.stdin.read())' <<'END'
b $x
END
        tr a-z A-Z <<<"here $x"
        python3 -c 'import sys; print(len(sys.stdin.read()))' <<<"$(seq 30000)"
        while read -r l; do echo "<$l>"; done <<END
1
2
END
''', g), g)


@row
def process_substitution():
    """tee >(...) and <(...)"""
    g = new_gate()
    run(sh('''gate $1
        seq 1000 | tee >(wc -l >lines) >(md5sum >sum) | tail -1
        until [ -s lines ] && [ -s sum ]; do sleep 0.01; done
        cat lines sum
        diff <(seq 5) <(seq 2 6); echo $?
        python3 -c 'import sys; print(open(sys.argv[1]).read(), open(sys.argv[2]).read())' <(echo one) <(echo two)
        paste <(xz --version | wc -l) <(seq 1)''', g), g)


@row
def pipelines():
    """pipelines: PIPESTATUS, pipefail, SIGPIPE, large output"""
    g = new_gate()
    run(sh('''gate $1
        sh -c 'exit 3' | sh -c 'cat; exit 4' | python3 -c 'import sys; sys.stdin.read(); sys.exit(5)'; echo ${PIPESTATUS[*]}
        set -o pipefail; python3 -c 'import sys; sys.exit(9)' | cat; echo $?; set +o pipefail
        yes | head -1; echo ${PIPESTATUS[*]}
        seq 300000 | python3 -c 'import sys; sys.stdout.write(sys.stdin.read())' | md5sum
        { echo a; python3 -c 'print("b")'; echo c >&2; python3 -c 'import sys; print("d", file=sys.stderr)'; echo e; } 2>&1 | cat
        mkfifo fifo; python3 -c 'print("through a fifo")' >fifo & cat fifo
        coproc tr a-z A-Z; echo coproc >&${COPROC[1]}; eval "exec ${COPROC[1]}>&-"; cat <&${COPROC[0]}''', g), g)


@row
def pids():
    """$$, $PPID, $BASHPID and the pids that wait takes"""
    g = new_gate()
    p = start(sh('gate $1; echo $$ $PPID $BASHPID; sh -c "echo \\$PPID"; exit 0', g), stdout=subprocess.PIPE)
    pass_gate(g, p.pid)
    lines = p.communicate(timeout=PATIENCE)[0].decode().split('\n')
    own, parent, bash = map(int, lines[0].split())
    say(own == p.pid, parent == os.getpid(), bash == own, int(lines[1]) == own, p.returncode)


@row
def pid_files():
    """$!, pid files and kill, from where it runs and from home"""
    g, h = new_gate(), new_gate()
    p = start(sh('''sleep 77 & echo $! >one.pid
        sleep 78 & echo $! >two.pid
        gate $1
        kill -0 $(cat one.pid) && kill $(cat one.pid); wait $(cat one.pid) 2>/dev/null; echo $?
        gate $2
        wait $(cat two.pid); echo $?''', g, h), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    pass_gate(g, p.pid)
    at_gate(h)
    two = int(open('two.pid').read())
    os.kill(two, 0)
    say(open('/proc/%d/cmdline' % two, 'rb').read())
    os.kill(two, signal.SIGTERM)
    open_gate(h)
    say(p.communicate(timeout=PATIENCE)[0].decode(), p.returncode)


@row
def kill_of_processes_at_home():
    """kill of processes of the home, which are not hob's"""
    g = new_gate()
    other = subprocess.Popen(['sleep', '79'])
    p = start(sh('''gate $1
        kill -0 $2; echo $?
        kill -TERM $2; echo $?
        kill -0 1; echo $?
        kill -WINCH $PPID; echo $?
        kill -0 4000000 2>/dev/null; echo $?''', g, str(other.pid)), stdout=subprocess.PIPE)
    pass_gate(g, p.pid)
    say(p.communicate(timeout=PATIENCE)[0].decode(), p.returncode)
    try: say(words(wait_status(other.pid)))
    finally: other.poll() is None and other.kill()


@row
def interpreters():
    """scripts with #!"""
    def script(name, text, mode=0o755):
        open(name, 'w').write(text)
        os.chmod(name, mode)
    script('plain', '#!/bin/sh\necho "$0" "$@"\n')
    script('argument', '#!/usr/bin/env -S python3 -u\nimport sys\nprint(sys.argv, sys.flags.unbuffered if hasattr(sys.flags, "unbuffered") else 1)\n')
    script('nested', '#!%s/plain with\n' % os.getcwd())
    script('missing', '#!/nonexistent/interpreter\n')
    script('none', 'echo no interpreter\n')
    script('empty', '')
    for name in ('plain', 'argument', 'nested'):
        run(['./' + name, 'a b', 'c'])
    g = new_gate()
    run(sh('gate $1; for s in plain argument nested missing none empty; do ./$s x 2>&1; echo $?; done', g), g)


@row
def shared_positions():
    """files whose position several commands share"""
    open('lines', 'w').write(''.join('line %d\n' % i for i in range(100)))
    g = new_gate()
    run(sh('''gate $1
        { read a; python3 -c 'import os; print(os.read(0, 14))'; read b; echo "$a $b"; } <lines
        { echo one; python3 -c 'print("two")'; echo three; } >out; cat out
        { python3 -c 'print("four")'; echo five; } >>out; cat out''', g), g)
