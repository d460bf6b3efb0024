# Evaluates what is asked of it, wherever it runs: ask-N in its directory has python, answer-N will have the result.
import ctypes, mmap, os, signal, socket, sys, time

directory = sys.argv[1]
state = {}
libc = ctypes.CDLL(None, use_errno=True)
n = 0
while True:
    n += 1
    ask = "%s/ask-%d" % (directory, n)
    while not os.path.exists(ask):
        time.sleep(0.005)
    with open(ask) as file:
        source = file.read()
    try:
        value = eval(compile(source, ask, "eval")) if not source.startswith("!") else exec(source[1:])
    except BaseException as e:
        if isinstance(e, SystemExit):
            raise
        value = "%s: %s" % (type(e).__name__, e)
    with open("%s/answer-new" % directory, "w") as file:
        file.write(str(value))
    os.rename("%s/answer-new" % directory, "%s/answer-%d" % (directory, n))
