"""Plays a row of the transparency table: main.py ROW OUTCOME. Lists them: main.py."""
import os, sys, traceback
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import stage
import ends, shells, setting, powers, terminals

if len(sys.argv) == 1:
    for name, f in stage.ROWS.items(): print(name, f.__doc__, sep='\t')
    sys.exit()
# Who plays the row is asked for moves by what was standard output.
stage.asks = os.fdopen(os.dup(1), 'w')
# Programs that write where their parent does, and not by appending, stay at home.
os.dup2(os.open('/proc/self/fd/2', os.O_WRONLY | os.O_APPEND), 2)
os.dup2(2, 1)
failed = ''
try:
    stage.ROWS[sys.argv[1]]()
except Exception:
    failed = traceback.format_exc()
stage.leave()
with open(sys.argv[2], 'w', errors='surrogateescape') as f:
    f.write(stage.said() + failed)
sys.exit(1 if failed else 0)
