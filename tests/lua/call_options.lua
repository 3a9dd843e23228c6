-- dll.call: one call with a deadline, with tries, with a rule for its result; dll.check sets a rule for functions.
local check = require "check"
local library = check.library("concurrent", { breaker = false })
local memory = dll.of(library)

dll.cdef [[
  struct device { int level; char name[16]; };
  struct device *device_open(const char *name);
  int device_set_level(struct device *device, int level);
  void device_close(struct device *device);
  int device_reset(int how);
  int device_poke(int error);
  int half_negative(int value);
  void crash_on(int number);
  void spin_forever(void);
  int made_calls(void);
  int add(int a, int b);
  int call_at_gate(int (*callback)(int value), int value);
  void open_gate(void);
]]

-- Rules: which results say that a call failed.
local device = memory.call({ on_error = "zero" }, library.device_open, "probe")
local failure = check.raises("failed", { "device_open", "NULL" }, memory.call, { on_error = "zero" }, library.device_open, "")
check.equal(failure.func, "device_open", "the function")
check.truthy(failure.library:find("concurrent", 1, true), "the library")
check.equal(failure.errno, 2, "errno")
check.equal(failure.lasterror, check.is_pe and 2 or nil, "the last error")
failure = check.raises("failed", { "device_set_level", "22" }, memory.call, { on_error = "nonzero" }, library.device_set_level, device, -1)
check.equal(failure.code, 22, "the result is the code")
check.equal(memory.call({ on_error = "nonzero" }, library.device_set_level, device, 1), 0, "zero is well")
check.raises("failed", { "half_negative", "-2" }, memory.call, { on_error = "negative" }, library.half_negative, -4)
check.equal(memory.call({ on_error = "negative" }, library.half_negative, 4), 2, "positive is well")
failure = check.raises("failed", { "device_reset", "0x80070005" }, memory.call, { on_error = "hresult" }, library.device_reset, 5)
check.equal(failure.code, 0x80070005, "an HRESULT")
if check.is_pe then
  check.truthy(#tostring(failure) > #"device_reset failed with 0x80070005" + 5, "its text: " .. tostring(failure))
end
check.equal(memory.call({ on_error = "hresult" }, library.device_reset, 0), 0, "S_OK")
local rule = check.is_pe and "lasterror" or "errno"
failure = check.raises("failed", { "device_poke", check.is_pe and "last error 5" or "errno 5" }, memory.call, { on_error = rule }, library.device_poke, 5)
check.equal(failure.code, 5, "the number")
check.equal(memory.call({ on_error = rule }, library.device_poke, 0), 7, "what was there before the call does not count")

-- Of functions, for all their calls.
memory.check(library, { "device_set_level", "device_reset" }, "nonzero")
check.raises("failed", "device_set_level", library.device_set_level, device, -1)
check.raises("failed", "device_reset", library.device_reset, 1)
check.equal(library.device_set_level(device, 3), 0, "it is well")
memory.check(library, "device_reset", "hresult")
check.raises("failed", "0x80070001", library.device_reset, 1)
memory.check(library, { "device_set_level", "device_reset" }, nil)
check.equal(library.device_set_level(device, -1), 22, "no rule any more")
check.equal(memory.call({}, library.add, 1, 2), 3, "no options")
library.device_close(device)

-- Mistakes.
check.raises("type", { "on_error", "sometimes" }, memory.call, { on_error = "sometimes" }, library.add, 1, 2)
check.raises("type", { "deadlin", "deadline" }, memory.call, { deadlin = 1 }, library.add, 1, 2)
check.raises("type", { "deadline", "seconds" }, memory.call, { deadline = "soon" }, library.add, 1, 2)
check.raises("type", "options", memory.call, library.add, 1, 2)
check.raises("type", "function", memory.call, {}, print)
check.raises("type", { "retry", "idempotent" }, memory.call, { retry = 2 }, library.add, 1, 2)
check.raises("type", "2 arguments", memory.call, {}, library.add, 1)
check.raises("type", { "rule", "maybe" }, memory.check, library, "add", "maybe")
check.raises("declaration", "no_such_function", memory.check, library, "no_such_function", "zero")
check.raises("type", "name", memory.check, library, 5, "zero")
check.raises("type", "library", memory.check, {}, "add", "zero")

-- A deadline ends the worker, and the error is the call's. The next call works.
local started = os.clock()
failure = check.raises("timeout", { "spin_forever" }, memory.call, { deadline = 1 }, library.spin_forever)
check.equal(failure.started, "yes", "it had begun")
check.equal(failure.func, "spin_forever", "the function")
check.equal(library.add(1, 2), 3, "a new worker")
check.equal(memory.call({ deadline = 30 }, library.add, 1, 2), 3, "in time")
check.truthy(os.clock() - started < 30, "nothing waits for a deadline that is not needed")

-- Also while a callback runs, however long that would take.
library.open_gate()
failure = check.raises("timeout", {}, memory.call, { deadline = 0.1 }, library.call_at_gate, function()
  while true do end
end, 1)
pcall(library.add, 1, 1)
check.equal(library.add(1, 2), 3, "a new worker")
library.open_gate()
check.equal(memory.call({ deadline = 30 }, library.call_at_gate, function(value)
  for _ = 1, 1e5 do end
  return value
end, 6), 0 + 6, "a callback in time")

-- Tries: only where the script says that they do no harm.
local raised = check.raises("crash", "crash_on", memory.call, { retry = 2, idempotent = true }, library.crash_on, 3)
check.equal(raised.func, "crash_on", "the function")
memory.call({ retry = 2, idempotent = true }, library.crash_on, 1)
check.equal(library.made_calls() >= 1, true, "the worker is there")

-- A deadline holds however deep the callback is in other calls, with deadlines of their own, and in coroutines.
local busy = {
  function()
    memory.call({ deadline = 30 }, library.call_at_gate, function() return 1 end, 1)
    while true do end
  end,
  function()
    memory.call({ deadline = 30 }, library.call_at_gate, function() while true do end end, 1)
  end,
  function()
    coroutine.wrap(function() while true do end end)()
  end,
}
for index, callback in ipairs(busy) do
  library.open_gate()
  check.raises("timeout", {}, memory.call, { deadline = 0.1 }, library.call_at_gate, callback, index)
  pcall(library.add, 1, 1)
  check.equal(library.add(1, 2), 3, "a new worker")
end

check.finish()
