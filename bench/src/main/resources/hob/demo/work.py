"""Hashes in a loop and says where it is: any lost or doubled step changes the end."""
import hashlib

h = b"sprite"
for i in range(2_500_000):
    h = hashlib.sha256(h).digest()
    if i % 250_000 == 0:
        print(i, h.hex(), flush=True)
print("end", h.hex())
