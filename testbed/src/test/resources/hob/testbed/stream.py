"""Measures TCP throughput: `stream.py serve ADDRESS` prints the received bit/s of one connection
without its first quarter; `stream.py send ADDRESS BYTES` sends. `stream.py try ADDRESS` connects.
"""

import socket
import sys
import time

where = (sys.argv[2], 7777)
if sys.argv[1] == "serve":
    listener = socket.create_server(where)
    print("ready", flush=True)
    connection = listener.accept()[0]
    arrivals = []
    total = 0
    while some := connection.recv(1 << 16):
        total += len(some)
        arrivals.append((time.monotonic(), total))
    start = next(a for a in arrivals if a[1] >= total / 4)
    print(int(8 * (total - start[1]) / (arrivals[-1][0] - start[0])))
elif sys.argv[1] == "send":
    connection = socket.create_connection(where)
    connection.sendall(bytes(int(sys.argv[3])))
    connection.close()
else:
    try:
        socket.create_connection(where, timeout=0.5)
    except ConnectionRefusedError:
        print("refused")  # so the packets do arrive
    except TimeoutError:
        print("silence")
