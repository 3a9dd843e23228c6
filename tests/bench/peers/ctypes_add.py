"""ctypes in one process: no boundary is crossed."""
import ctypes
import json
import sys
import time

library, seconds = ctypes.CDLL(sys.argv[1]), float(sys.argv[2])
add = library.add
add.argtypes, add.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
batches, singles, end = [], [], time.perf_counter() + seconds
while time.perf_counter() < end or len(batches) < 20:
    start = time.perf_counter()
    for _ in range(200):
        add(2, 3)
    batches.append((time.perf_counter() - start) * 1e6 / 200)
    start = time.perf_counter()
    add(2, 3)
    singles.append((time.perf_counter() - start) * 1e6)
batches.sort()
singles.sort()
print(json.dumps({"row": "add, ctypes in one process", "median": batches[len(batches) // 2],
                  "p99": singles[len(singles) * 99 // 100]}))
