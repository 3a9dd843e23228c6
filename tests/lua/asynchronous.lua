-- dll.async: calls on threads of their own, each with its own error numbers, while the script goes on.
local check = require "check"
local library = check.library "concurrent"
local memory = dll.of(library)

dll.cdef [[
  void open_gate(void);
  void close_gate(void);
  int waiting_at_gate(void);
  int pass_gate(int value);
  int fail_at_gate(int number);
  int length_at_gate(const char *text);
  struct pair { double left; int right; };
  struct pair swap_at_gate(struct pair pair);
  int call_at_gate(int (*callback)(int value), int value);
  void crash_at_gate(void);
  int add(int a, int b);
  unsigned int thread_number(void);
]]

local function wait_for(count)
  while library.waiting_at_gate() < count do end
end

-- The script goes on, and the library is called, while calls are under way.
local futures = {}
for index = 1, 8 do
  futures[index] = memory.async(library.pass_gate, index)
end
wait_for(8)
check.equal(library.add(2, 3), 5, "a call meanwhile")
check.equal(futures[1]:done(), false, "not done")
check.contains(tostring(futures[1]), { "pass_gate", "pending" }, "shown")
local late = check.raises("timeout", { "pass_gate", "0.01" }, futures[1].wait, futures[1], 0.01)
check.equal(late.kind, "timeout", "a limit")
library.open_gate()
for index = 8, 1, -1 do
  check.equal(futures[index]:wait(), index * 2, "the result")
end
check.equal(futures[1]:done(), true, "done")
check.equal(futures[1]:wait(), 2, "the result stays")
check.contains(tostring(futures[1]), "done", "shown")
check.truthy(memory.async(library.thread_number):wait() ~= library.thread_number(), "another thread")

-- Each has its own error numbers.
library.close_gate()
local failing = {}
for index = 1, 4 do
  failing[index] = memory.async(library.fail_at_gate, index)
end
wait_for(4)
library.open_gate()
for _, index in ipairs { 3, 1, 4, 2 } do
  check.equal(failing[index]:wait(), -index, "the result")
  check.equal(memory.errno(), index, "its errno")
  if check.is_pe then
    check.equal((memory.lasterror()), 1000 + index, "its last error")
  end
end

-- What arguments lead to stays as long as the call.
library.close_gate()
local text = memory.async(library.length_at_gate, ("x"):rep(5000))
local pair = memory.async(library.swap_at_gate, { 2, 7 })
wait_for(2)
for index = 1, 100 do
  library.add(index, 1)
  memory.new("char[?]", 5000)
end
collectgarbage()
library.open_gate()
check.equal(text:wait(), 5000, "a text")
local swapped = pair:wait()
check.equal(swapped.left, 7.0, "a struct by value")
check.equal(swapped.right, 2, "and back")

-- Callbacks of such a call are served while the script waits, also for something else.
library.close_gate()
local called = {}
local calling = memory.async(library.call_at_gate, function(value)
  called[#called + 1] = value
  return value + library.add(1, 1)
end, 40)
wait_for(1)
library.open_gate()
check.equal(calling:wait(10), 42, "a callback")
check.equal(called[1], 40, "its argument")
local raising = memory.async(library.call_at_gate, function() error("no", 0) end, 1)
check.raises("callback", "no", raising.wait, raising)
check.equal(raising:wait(), 0, "what the library went on with")

-- A thousand at once.
local many = {}
for index = 1, 1000 do
  many[index] = memory.async(library.add, index, 1)
end
local results = memory.wait_all(many)
check.equal(#results, 1000, "all results")
local sum = 0
for _, result in ipairs(results) do
  sum = sum + result
end
check.equal(sum, 501500, "in all")
check.equal(#memory.wait_all {}, 0, "none")

-- A call that has not begun is taken back: there are more than there are threads.
library.close_gate()
local crowd = {}
for index = 1, 80 do
  crowd[index] = memory.async(library.pass_gate, index)
end
wait_for(64)
local last = crowd[80]
check.equal(last:cancel(), true, "called off")
check.equal(last:done(), true, "it is over")
check.raises("interrupted", { "pass_gate", "before it began" }, last.wait, last)
check.equal(last:cancel(), true, "it stays called off")
check.equal(crowd[1]:cancel(), false, "one that has begun goes on")
library.open_gate()
for index = 1, 79 do
  check.equal(crowd[index]:wait(), index * 2, "the others")
end
check.equal(crowd[1]:cancel(), false, "one that is done")

-- What nobody waits for is forgotten, not before it has returned.
library.close_gate()
for _ = 1, 10 do
  memory.async(library.length_at_gate, ("y"):rep(3000))
end
wait_for(10)
collectgarbage()
collectgarbage()
library.open_gate()
check.equal(memory.async(library.add, 1, 2):wait(), 3, "and the worker goes on")

-- Mistakes are those of calls, at once.
check.raises("type", { "add", "2 arguments", "got 1" }, memory.async, library.add, 1)
check.raises("range", { "add", "argument 1" }, memory.async, library.add, 1 << 40, 1)
check.raises("type", "function", memory.async, print, 1)
check.raises("type", "function", memory.async)
check.raises("type", { "future", "5" }, memory.wait_all, { 5 })
check.raises("type", "list", memory.wait_all, 5)
check.raises("type", "seconds", function() crowd[1].wait(memory.async(library.add, 1, 1), "soon") end)
local pointer = memory.cast("int (*)(int, int)", library.add)
check.equal(memory.async(pointer, 20, 22):wait(), 42, "through a pointer")

-- A crash ends the worker, and every call under way with it; the script goes on.
library.close_gate()
local victim, crash = memory.async(library.pass_gate, 1), memory.async(library.crash_at_gate)
wait_for(2)
library.open_gate()
local failure = select(2, pcall(crash.wait, crash))
check.truthy(failure.kind == "crash" or failure.kind == "worker_lost", "the crash: " .. tostring(failure))
local ok, other = pcall(victim.wait, victim)
check.truthy(ok and other == 2 or other.kind == "crash" or other.kind == "worker_lost" or other.kind == "stale", "the other")
pcall(library.add, 1, 1)
check.equal(library.add(1, 2), 3, "a new worker")

-- One that has begun is only ended with its worker.
library.close_gate()
local stuck = memory.async(library.pass_gate, 1)
wait_for(1)
check.equal(stuck:cancel(), false, "it goes on")
check.equal(stuck:cancel(true), true, "ended")
check.raises("interrupted", { "pass_gate", "worker" }, stuck.wait, stuck)
pcall(library.add, 1, 1)
check.equal(library.add(1, 2), 3, "a new worker")

-- Through an object that holds a pointer.
check.equal(memory.async(memory.new("int (*)(int, int)", library.add), 20, 22):wait(), 42, "through an object")

-- A callback that is served while a future is waited for does not wait for it again; it may call it off.
library.open_gate()
local future, inside
future = memory.async(library.call_at_gate, function(value)
  check.equal(future:done(), false, "it cannot be done")
  check.raises("callback", { "call_at_gate", "waited for" }, future.wait, future)
  inside = select(2, pcall(future.wait, future, 1))
  check.equal(future:cancel(), false, "it has begun")
  return value
end, 5)
check.equal(future:wait(), 5, "the result")
check.equal(inside.kind, "callback", "not within a time either")
library.close_gate()
local crowd_of_all = {}
for index = 1, 64 do
  crowd_of_all[index] = memory.async(library.pass_gate, index)
end
wait_for(64)
local queued = memory.async(library.add, 1, 2)
check.equal(queued:done(), false, "it waits for a thread")
check.equal(queued:cancel(), true, "called off")
library.open_gate()
check.equal(memory.wait_all(crowd_of_all)[64], 128, "the others")

-- A thread has a stack for callbacks that nest as deep as Lua lets them.
dll.cdef "int call_deep(int (*callback)(int value), int value) asm(\"call_at_gate\");"
local function deeper(value)
  return value == 0 and 0 or 1 + library.call_deep(deeper, value - 1)
end
check.equal(memory.async(library.call_deep, deeper, 180):wait(), 180, "180 callbacks deep")

check.finish()
