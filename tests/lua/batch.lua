-- dll.batch: calls that are written down first and made in one crossing, some with results of others.
local check = require "check"
local library = check.library "concurrent"
local memory = dll.of(library)

dll.cdef [[
  struct device { int level; char name[16]; };
  struct pair { double left; int right; };
  int made_calls(void);
  struct device *device_open(const char *name);
  int device_set_level(struct device *device, int level);
  int device_level(const struct device *device);
  const char *device_name(const struct device *device);
  int text_length(const char *text);
  struct pair make_pair(double left, int right);
  void device_close(struct device *device);
  int add(int a, int b);
  void crash_on(int number);
  int half_negative(int value);
]]

-- A later call uses the result of an earlier one: numbers, pointers, texts.
local results = memory.batch(function(call)
  local device = call(library.device_open, "probe")
  call(library.device_set_level, device, 5)
  local level = call(library.device_level, device)
  call(library.add, level, 37)
  call(library.text_length, call(library.device_name, device))
  call(library.make_pair, 1.5, level)
  call(library.device_close, device)
end)
check.equal(#results, 7, "one result for each call")
check.equal(results[2], 0, "a number")
check.equal(results[3], 5, "a number")
check.equal(results[4], 42, "with the result of another")
check.equal(results[5], "probe", "a text")
check.equal(results[6], 5, "its length")

-- Structs by value come back as objects.
results = memory.batch(function(call) call(library.make_pair, 1.5, 7) end)
check.equal(results[1].left, 1.5, "a struct")
check.equal(results[1].right, 7, "a struct")

-- Hundreds of calls are one request.
local before = dll.stats().workers[1].requests
local all = memory.batch(function(call)
  local sum = call(library.add, 0, 0)
  for index = 1, 500 do
    sum = call(library.add, sum, index)
  end
end)
check.equal(all[501], 125250, "a sum")
check.equal(dll.stats().workers[1].requests - before, 1, "requests")
check.equal(#memory.batch(function() end), 0, "nothing to call")

-- The first failure ends it, with its place. What was called before has been called.
memory.check(library, "device_set_level", "nonzero")
memory.check(library, { "device_open" }, "zero")
local made = library.made_calls()
local failure = check.raises("failed", { "call 2", "device_set_level", "22" }, memory.batch, function(call)
  local device = call(library.device_open, "probe")
  call(library.device_set_level, device, -1)
  call(library.device_close, device)
end)
check.equal(failure.index, 2, "the index")
check.equal(failure.code, 22, "the code")
check.equal(library.made_calls() - made, 2, "the third was not called")
failure = check.raises("failed", { "call 1", "device_open", "NULL" }, memory.batch, function(call)
  call(library.device_level, call(library.device_open, ""))
end)
check.equal(failure.index, 1, "the index")

-- Mistakes are told before anything is called.
made = library.made_calls()
failure = check.raises("range", { "call 2", "add", "argument 1" }, memory.batch, function(call)
  call(library.text_length, "a")
  call(library.add, 1 << 40, 1)
end)
check.equal(failure.index, 2, "the index")
check.raises("type", { "call 1", "add", "2 arguments" }, memory.batch, function(call) call(library.add, 1) end)
check.raises("type", "function", memory.batch, function(call) call(print) end)
check.raises("type", "function", memory.batch, 5)
check.raises("type", "another batch", memory.batch, function(call)
  local stolen
  memory.batch(function(other) stolen = other(library.add, 1, 1) end)
  call(library.add, stolen, 1)
end)
check.raises("type", { "argument 1", "earlier" }, function()
  dll.cdef "double pair_sum(struct pair pair) asm(\"device_level\");"
  memory.batch(function(call) call(library.pair_sum, call(library.make_pair, 1, 2)) end)
end)
check.equal(library.made_calls() - made, 0, "nothing was called")
check.equal(pcall(memory.batch, function() error("mine", 0) end), false, "an error of the script")

-- A crash names its call.
failure = check.raises("crash", {}, memory.batch, function(call)
  for index = 1, 5 do
    call(library.crash_on, index)
  end
end)
check.equal(library.add(1, 2), 3, "a new worker")

-- An object that holds a pointer is called through what it holds when the call is written down.
local held = memory.new("int (*[1])(int, int)", { library.add })
local object = memory.new("int (*)(int, int)", library.add)
check.equal(memory.batch(function(call)
  call(object, 20, 22)
  call(held[0], 1, 2)
  object = memory.new("int (*)(int, int)")
end)[1], 42, "through an object")
check.raises("memory", "NULL", memory.batch, function(call) call(object, 1, 2) end)

check.finish()
