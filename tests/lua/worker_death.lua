-- Libraries that crash, exit or abort: the call ends in an error object, the script goes on, the next call works.
local check = require "check"
local calls, bad = check.library "calls", check.library("misbehaviour", { breaker = false })

dll.cdef [[
  int add(int a, int b);
  int count_call(void);
  struct counter *counter_create(int value);
  int counter_get(const struct counter *counter);
  void write_null(void);
  int read_null(void);
  int read_low_address(void);
  void jump_to_null(void);
  int divide_by_zero(int dividend);
  void illegal_instruction(void);
  int overflow_stack(int depth);
  void call_abort(void);
  void call_exit(int code);
]]

-- { function, argument, signal, exception, its names, the address that was accessed }
local faults = {
  { "write_null", nil, 11, 0xC0000005, { "SIGSEGV", "EXCEPTION_ACCESS_VIOLATION" }, 0 },
  { "read_null", nil, 11, 0xC0000005, { "SIGSEGV", "EXCEPTION_ACCESS_VIOLATION" }, 0 },
  { "read_low_address", nil, 11, 0xC0000005, { "SIGSEGV", "EXCEPTION_ACCESS_VIOLATION" }, 16 },
  { "jump_to_null", nil, 11, 0xC0000005, { "SIGSEGV", "EXCEPTION_ACCESS_VIOLATION" }, 0 },
  { "divide_by_zero", 1, 8, 0xC0000094, { "SIGFPE", "EXCEPTION_INT_DIVIDE_BY_ZERO" } },
  { "illegal_instruction", nil, 4, 0xC000001D, { "SIGILL", "EXCEPTION_ILLEGAL_INSTRUCTION" } },
  { "overflow_stack", 0, 11, 0xC00000FD, { "SIGSEGV", "EXCEPTION_STACK_OVERFLOW" } },
}

local kept = { "Lua's variables", "stay" }
local add = calls.add

for _, fault in ipairs(faults) do
  local name, argument, signal, exception, names, address = table.unpack(fault, 1, 6)
  check.equal(calls.count_call(), 1, "the first call in this worker")
  check.equal(calls.count_call(), 2, "its second call")
  local crash = check.raises("crash", { name, "misbehaviour", names[check.is_pe and 2 or 1] }, function()
    if argument then
      return bad[name](argument)
    end
    return bad[name]()
  end)
  check.equal(crash.func, name, "func of " .. name)
  check.truthy(crash.library:find("misbehaviour", 1, true), "library of " .. name)
  check.equal(crash.code, check.is_pe and exception or signal, "code of " .. name)
  check.equal(crash.started, "yes", "started of " .. name)
  if address then
    check.equal(crash.address, address, "address of " .. name)
  end
  -- What was bound before is good again, in a new worker, whose libraries have been loaded anew.
  check.equal(add(2, 3), 5, "the next call after " .. name)
end
check.equal(calls.count_call(), 1, "the last crash was followed by a new worker too")
check.equal(table.concat(kept, " "), "Lua's variables stay", "Lua's variables")

-- A library that ends the process is no crash, but the worker is lost all the same.
local left = check.raises("worker_lost", { "call_exit", "3" }, bad.call_exit, 3)
check.equal(left.code, 3, "the exit code")
check.equal(left.func, "call_exit", "func")
check.equal(add(2, 3), 5, "the next call after exit")
left = check.raises("worker_lost", "call_exit", bad.call_exit, 0)
check.equal(left.code, 0, "the exit code 0")

local aborted = check.raises("crash", { "call_abort", "it called abort" }, bad.call_abort)
-- The C runtimes of Windows end the process with code 3.
check.equal(aborted.code, check.is_pe and 3 or 6, "abort's code")
check.equal(aborted.func, "call_abort", "func of abort")
check.equal(add(2, 3), 5, "the next call after abort")

-- A pointer into a worker that has ended means nothing in the next one, and is refused there.
local counter = calls.counter_create(5)
check.equal(calls.counter_get(counter), 5, "while its worker lives")
check.raises("crash", "read_null", bad.read_null)
check.equal(add(2, 3), 5, "the next worker has started")
local stale = check.raises("stale", { "counter_get", "exited" }, calls.counter_get, counter)
check.equal(stale.func, "counter_get", "func of stale")
check.raises("stale", { "dll.string", "exited" }, dll.string, dll.cast("char *", counter))
check.truthy(tostring(counter):find("counter *", 1, true), "it can still be shown")
check.equal(calls.counter_get(calls.counter_create(6)), 6, "a new pointer is good")

-- Errors pass through pcall, coroutines and error handlers whole.
local through = select(2, pcall(function()
  return coroutine.wrap(function()
    bad.write_null()
  end)()
end))
check.equal(through.kind, "crash", "through a coroutine")
local handled
xpcall(bad.write_null, function(object)
  handled = object.kind
end)
check.equal(handled, "crash", "in a message handler")
check.equal(add(2, 3), 5, "and the script goes on")

check.finish()
