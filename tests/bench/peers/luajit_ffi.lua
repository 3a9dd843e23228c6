-- LuaJIT's ffi in one process: compiled to machine code, and interpreted.
local ffi = require "ffi"
local path, seconds = arg[1], tonumber(arg[2])

ffi.cdef [[
  int add(int a, int b);
  typedef struct { long seconds, nanoseconds; } bench_time;
  int clock_gettime(int clock, bench_time *time);
]]

local library, time = ffi.load(path), ffi.new "bench_time"

local function now()
  ffi.C.clock_gettime(1, time)
  return tonumber(time.seconds) * 1e6 + tonumber(time.nanoseconds) / 1e3
end

local function measure(row)
  local batches, stop, kept = {}, now() + seconds * 1e6, 0
  while now() < stop or #batches < 20 do
    local start = now()
    for index = 1, 2000 do
      kept = kept + library.add(index, 3)
    end
    batches[#batches + 1] = (now() - start) / 2000
  end
  table.sort(batches)
  print(string.format('{"row": "%s", "median": %.6f, "p99": null}', row, batches[math.floor(#batches / 2) + 1]))
end

measure "add, LuaJIT ffi in one process"
jit.off()
jit.flush()
measure "add, LuaJIT ffi in one process, interpreted"
