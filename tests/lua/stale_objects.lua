-- What is left of objects when their worker has died: an error that says so, for each use.
local check = require "check"
local bad, calls = check.library "misbehaviour", check.library "calls"
local memory = dll.of(bad)

dll.cdef [[
  void write_null(void);
  int add(int a, int b);
]]

local numbers = memory.new("int[4]", 5)
local pointer = memory.cast("int *", numbers)
check.raises("crash", "write_null", bad.write_null)
check.raises("stale", "int [4]", function() return numbers[0] end)
check.raises("stale", "int [4]", function() numbers[0] = 1 end)
check.raises("stale", "int *", function() return pointer[0] end)
check.raises("stale", "dll.read", memory.read, numbers)
check.raises("stale", "dll.string", memory.string, pointer)
check.contains(tostring(numbers), "exited", "tostring")
check.equal(calls.add(2, 3), 5, "a new worker")
check.raises("stale", "int [4]", function() return numbers[0] end)
local again = memory.new("int[4]", 6)
check.equal(again[3], 6, "objects of the new worker")
numbers, pointer = nil, nil
collectgarbage()
check.equal(again[3], 6, "the end of the old ones does not touch them")

check.finish()
