-- Finalizers when something goes wrong: one that raises, a worker that has died, the end of the program.
local check = require "check"
local globals, bad = check.library "globals", check.library "misbehaviour"
local memory = dll.of(globals)

dll.cdef [[
  struct device;
  struct device *device_open(int number);
  void device_close(struct device *device);
  int devices_open(void);
  void write_null(void);
]]

local function collect()
  collectgarbage()
  collectgarbage()
end

-- A finalizer that raises harms neither the script nor the other finalizers; a warning tells.
local called = {}
do
  local _ = memory.gc(memory.new "int", function() called[#called + 1] = "before" end)
  local _ = memory.gc(memory.new "int", function() error("a finalizer that raises") end)
  local _ = memory.gc(memory.new "int", function() called[#called + 1] = "after" end)
end
collect()
table.sort(called)
check.equal(table.concat(called, " "), "after before", "the others are called")
-- At the end of a block the error is the block's, as for every to-be-closed variable.
local ok, problem = pcall(function()
  local _ <close> = memory.gc(memory.new "int", function() error("raised at the end", 0) end)
end)
check.truthy(not ok, "the block ends in the error")
check.contains(problem, "raised at the end", "which tells")

-- A finalizer of Lua is called when the worker has died, and finds that the object is stale; a function of the library is
-- not called any more.
local found
local device = memory.gc(globals.device_open(1), globals.device_close)
local object = memory.gc(memory.new("int", 5), function(stale)
  found = select(2, pcall(function() return stale[0] end))
end)
check.equal(globals.devices_open(), 1, "one is open")
check.raises("crash", "write_null", bad.write_null)
check.equal(globals.devices_open(), 0, "the next worker knows nothing of it")
device, object = nil, nil
collect()
check.equal(found.kind, "stale", "the object is gone")
check.equal(globals.devices_open(), 0, "and the library was not called with its old pointer")

-- A finalizer may use everything, also make objects and set finalizers.
local again
do
  local _ = memory.gc(memory.new("int", 1), function()
    again = memory.gc(memory.new("int", 2), function() end)
  end)
end
collect()
check.equal(again[0], 2, "an object made by a finalizer")

-- What lives to the end of the program is finalized there, the last one first, while the libraries can still be called. The
-- one that was set first comes last, and says that all went well.
local order = {}
local last = memory.gc(memory.new("int", 0), function()
  check.equal(table.concat(order, " "), "8 7 6 5 4 3 2 1", "the order at the end")
  check.finish()
end)
local kept = { last }
for number = 1, 8 do
  kept[#kept + 1] = memory.gc(globals.device_open(number), function(pointer)
    check.equal(globals.devices_open(), number, "those opened before are open")
    globals.device_close(pointer)
    order[#order + 1] = number
  end)
end
-- They are kept by what lives as long as the program.
package.loaded.kept = kept
