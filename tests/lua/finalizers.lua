-- dll.gc: what is called with C data when nothing leads to it any more.
local check = require "check"
local globals = check.library "globals"
local memory = dll.of(globals)

dll.cdef [[
  struct device;
  struct device *device_open(int number);
  int device_number(const struct device *device);
  void device_close(struct device *device);
  void device_note(const struct device *device);
  int devices_open(void);
  int device_last_closed(void);
  struct point { int x, y; };
  struct segment { struct point from, to; };
]]

local function collect()
  collectgarbage()
  collectgarbage()
end

-- A function of the library closes what the library opened.
local device = memory.gc(globals.device_open(1), globals.device_close)
check.equal(globals.device_number(device), 1, "dll.gc gives the pointer back")
check.equal(globals.devices_open(), 1, "one is open")
collect()
check.equal(globals.devices_open(), 1, "and stays open while it is used")
device = nil
collect()
check.equal(globals.devices_open(), 0, "closed when nothing leads to it")
check.equal(globals.device_last_closed(), 1, "with that very pointer")
for number = 1, 50 do
  memory.gc(globals.device_open(number), globals.device_close)
end
collect()
check.equal(globals.devices_open(), 0, "fifty of them")

-- A function of Lua gets the object, which can still be read and written.
local seen = {}
do
  local _ = memory.gc(memory.new("struct point", 3, 4), function(point)
    point.x = point.x + 1
    seen[#seen + 1] = point.x .. "," .. point.y
  end)
end
collect()
check.equal(table.concat(seen, " "), "4,4", "called once")
collect()
check.equal(#seen, 1, "and not again")

-- Parts and pointers keep the whole, and with it the finalizer from being called.
local closed = {}
local function note(what)
  return function() closed[#closed + 1] = what end
end
local part = memory.gc(memory.new("struct segment", { { 1, 2 }, { 3, 4 } }), note "segment").to
collect()
check.equal(#closed, 0, "a part keeps the whole")
check.equal(part.x, 3, "and can be used")
part = nil
collect()
check.equal(table.concat(closed, " "), "segment", "until it is gone")
closed = {}
local pointer = memory.gc(memory.new("int[4]", { 1, 2, 3, 4 }), note "array") + 2
collect()
check.equal(#closed, 0, "arithmetic keeps the array")
pointer = memory.cast("char *", pointer)
collect()
check.equal(#closed, 0, "so does a cast of that")
check.equal(pointer[0], 3, "and can be used")
pointer = nil
collect()
check.equal(table.concat(closed, " "), "array", "until it is gone")
closed = {}
local element = memory.gc(memory.new "struct segment[3]", note "segments")[1].from
collect()
check.equal(#closed, 0, "a part of a part keeps the whole")
element = nil
collect()
check.equal(#closed, 1, "until it is gone")
closed = {}
local field = memory.cast("struct point *", memory.gc(globals.device_open(60), note "device"))
collect()
check.equal(#closed, 0, "a pointer made of a pointer of the library keeps it")
globals.device_close(memory.cast("struct device *", field))
field = nil
collect()
check.equal(#closed, 1, "until it is gone")

-- nil takes the finalizer back, another one takes its place.
closed = {}
do
  local object = memory.gc(memory.new "int", note "first")
  memory.gc(object, note "second")
  local other = memory.gc(memory.new "int", note "third")
  check.truthy(memory.gc(other, nil) == other, "nil gives the object too")
end
collect()
check.equal(table.concat(closed, " "), "second", "the last one set")
device = memory.gc(globals.device_open(70), globals.device_close)
globals.device_close(memory.gc(device, nil))
device = nil
collect()
check.equal(globals.devices_open(), 0, "closed once, by hand")

-- The end of a block calls it at once.
closed = {}
do
  local _ <close> = memory.gc(memory.new "int", note "closed")
end
check.equal(table.concat(closed, " "), "closed", "at the end of the block")
do
  local handle <close> = memory.gc(globals.device_open(71), globals.device_close)
  check.equal(globals.devices_open(), 1, "open in the block")
  check.equal(globals.device_number(handle), 71, "and used")
end
check.equal(globals.devices_open(), 0, "a pointer too")
collect()
check.equal(globals.devices_open(), 0, "and not again")
check.equal(#closed, 1, "and not again")
-- Also when an error ends it.
check.equal(pcall(function()
  local _ <close> = memory.gc(globals.device_open(72), globals.device_close)
  error("out")
end), false, "an error")
check.equal(globals.devices_open(), 0, "closed all the same")

-- The object may be saved from a finalizer: it is not called again.
local saved
do
  local _ = memory.gc(memory.new("int", 42), function(object) saved = object end)
end
collect()
check.equal(saved[0], 42, "saved")
saved = nil
collect()

-- Mistakes.
check.raises("type", { "dll.gc", "5" }, memory.gc, 5, print)
check.raises("type", { "dll.gc", "function" }, memory.gc, memory.new "int", 5)
check.raises("type", { "dll.gc", "nil" }, memory.gc, nil, print)

check.finish()
