"""msl-loadlib: its own example client, calling `add` of its own cpp_lib32."""
import json
import sys
import time

from msl.examples.loadlib import Cpp64

seconds = float(sys.argv[2])
client = Cpp64()
assert client.add(2, 3) == 5
singles, end = [], time.perf_counter() + seconds
while time.perf_counter() < end or len(singles) < 20:
    start = time.perf_counter()
    client.add(2, 3)
    singles.append((time.perf_counter() - start) * 1e6)
client.shutdown_server32()
singles.sort()
print(json.dumps({"row": "add, msl-loadlib", "median": singles[len(singles) // 2],
                  "p99": singles[len(singles) * 99 // 100]}))
