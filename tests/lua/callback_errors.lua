-- What goes wrong in callbacks: C is given the default and goes on, and the outer call raises the error.
local check = require "check"
local library = check.library "callbacks"
local memory = dll.of(library)

dll.cdef [[
  typedef int (*handler)(int code);
  void set_handler(handler handler);
  void clear_handler(void);
  int fire(int code);
  int fire_twice(int code);
  int fire_given(handler handler, int code);
  int square(int value);
  _Bool call_bool(_Bool (*callback)(_Bool value), _Bool value);
  signed char call_signed_char(signed char (*callback)(signed char value), signed char value);
  void *call_pointer(void *(*callback)(void *value), void *value);
  void call_void(void (*callback)(void), int times);
  struct point { int x, y; };
  struct point map_point(struct point (*map)(struct point point, int factor), struct point point, int factor);
  int visit_points(struct point *points, int count, void (*visit)(struct point *point, void *context), void *context);
  struct handlers {
    int (*opened)(int id); void (*closed)(int id); double (*scaled)(double value);
    int (__stdcall *checked)(int a, int b); int last;
  };
  extern handler global_handler;
  int crash(void);
  int crash_after(void (*callback)(void));
]]

-- The error arrives as an object that says what was raised.
local value = setmetatable({}, { __tostring = function() return "a table" end })
local ok, raised = pcall(library.fire_given, function() error(value) end, 1)
check.equal(ok, false, "an error in a callback")
check.equal(raised.kind, "callback", "the kind")
check.contains(raised, "a table", "a table by its text")
ok, raised = pcall(library.fire_given, function() error("words", 0) end, 1)
check.equal(ok, false, "an error in a callback")
check.contains(raised, "words", "a string")
ok, raised = pcall(library.fire_given, function() local none; return none.field end, 1)
check.equal(ok, false, "a mistake in a callback")
check.contains(raised, { "callback_errors.lua", "none" }, "Lua's own words, with the place")
check.raises("range", { "square", "2147483648" }, library.fire_given, function() return library.square(1 << 31) end, 1)

-- C frames are never skipped: every call that C makes is answered, with the default if need be.
local calls = 0
ok, raised = pcall(library.fire_twice, 1)
check.equal(ok, true, "without a handler")
local failing = memory.callback("handler", function(code)
  calls = calls + 1
  error("code " .. code, 0)
end)
library.set_handler(failing)
ok, raised = pcall(library.fire_twice, 1)
check.equal(ok, false, "two errors in one call")
check.contains(raised, "code 1", "the first of them is raised")
check.truthy(calls >= 1, "the callback was called")
failing:set(function(code) return code end)
check.equal(library.fire_twice(1), 2001, "the next call knows nothing of it")
failing:free()

-- The work that C did after the error is there.
local points = memory.new("struct point[3]", { { 1, 1 }, { 2, 2 }, { 3, 3 } })
ok, raised = pcall(library.visit_points, points, 3, function(point)
  if point.x == 2 then
    error("at the second", 0)
  end
  point.y = 10
end, nil)
check.equal(ok, false, "an error in one of three")
check.contains(raised, "at the second", "its words")
check.equal(points[0].y, 10, "what the first did")

-- A default of one's own.
local cautious = memory.callback("handler", function() error("no", 0) end, { default = -9 })
library.set_handler(cautious)
local answer
ok, raised = pcall(function() answer = library.fire(1) end)
check.equal(ok, false, "an error is raised all the same")
check.equal(answer, nil, "there is no result")
cautious:free()

-- Results that do not fit are errors, as arguments are.
check.raises("type", { '"five"' }, library.fire_given, function() return "five" end, 1)
check.raises("type", {}, library.fire_given, function() end, 1)
check.raises("type", { "0.5" }, library.fire_given, function() return 0.5 end, 1)
check.raises("range", { "2147483648" }, library.fire_given, function() return 1 << 31 end, 1)
check.raises("range", { "128" }, library.call_signed_char, function() return 128 end, 1)
check.raises("type", { "a boolean" }, library.call_bool, function() return 1 end, true)
check.raises("type", { "table" }, library.call_pointer, function() return {} end, nil)
check.raises("type", {}, library.map_point, function() return "five" end, points[0], 1)
check.equal(library.fire_given(function() return 1, "more" end, 1), 1, "further results are dropped")

-- A callback cannot be left by yielding.
local thread = coroutine.create(function()
  return library.fire_given(function() coroutine.yield() end, 1)
end)
ok, raised = coroutine.resume(thread)
check.equal(ok, false, "a yield across C")
check.contains(raised, "yield", "Lua's own words")

-- A function that was passed in a call is good for that call alone.
library.set_handler(function(code) return code end)
check.raises("callback", { "handler" }, library.fire, 1)
check.raises("callback", { "handler" }, library.fire_twice, 1)
library.clear_handler()
check.equal(library.fire(1), -1, "the library is well")
local late = memory.cast("handler", function(code) return code + 1 end)
library.set_handler(late)
check.equal(library.fire(1), 2, "one that stays")

-- One that was freed.
late:free()
check.raises("callback", { "handler" }, library.fire, 1)
do
  local block <close> = memory.callback("handler", function(code) return code end)
  library.set_handler(block)
end
check.raises("callback", { "handler" }, library.fire, 1)
library.clear_handler()
check.equal(pcall(library.set_handler, late), false, "it cannot be passed any more")
check.equal(pcall(late.set, late, print), false, "nor get another function")
check.equal(library.fire(1), -1, "nothing was set")

-- One that frees itself while it runs still gives its result.
local own
own = memory.callback("handler", function(code)
  own:free()
  return code * 5
end)
library.set_handler(own)
check.equal(library.fire(5), 25, "freed by itself")
check.raises("callback", { "handler" }, library.fire, 5)
library.clear_handler()

-- One that was put into memory stays until it is freed.
local handlers = memory.new("struct handlers", { opened = function(id) return id + 1 end })
check.equal(handlers.opened(4), 5, "in a struct")
handlers.opened:free()
check.raises("callback", { "released" }, function() return handlers.opened(4) end)
library.global_handler = function(code) return code * 2 end
check.equal(library.global_handler(4), 8, "in a variable")
library.global_handler:free()
library.global_handler = nil

-- What a callback is asked for, and what is no callback.
check.raises("type", { "frree", "free", "set" }, function() return memory.callback("handler", print):frree() end)
check.raises("type", { "fire_given", "a function", "7" }, library.fire_given, 7, 1)
check.raises("type", { "int" }, memory.callback, "int", print)
check.raises("type", { "struct point" }, memory.callback, "struct point *", print)
check.raises("type", { "5" }, memory.callback, "handler", 5)
check.raises("type", {}, memory.callback, "handler")
check.equal(pcall(memory.callback, "int (*)(const char *, ...)", print), false, "a variable number of arguments")
check.raises("type", { "thread", "later" }, memory.callback, "handler", print, { thread = "later" })
check.raises("type", { "thraed" }, memory.callback, "handler", print, { thraed = "sync" })
check.raises("range", { "default", "2147483648" }, memory.callback, "handler", print, { default = 1 << 31 })
check.raises("type", { "default", '"1"' }, memory.callback, "handler", print, { default = "1" })
check.raises("type", { "fire_given", "table" }, library.fire_given, {}, 1)
check.raises("type", { "fire_given" }, library.fire_given, memory.callback("double (*)(double)", math.sin), 1)

-- Without a call, dll.poll has nothing to do.
check.equal(memory.poll(0), 0, "nothing waits")

-- A crash in a call that a callback made ends the worker under both; the script goes on.
local inner
ok, raised = pcall(library.fire_given, function()
  inner = select(2, pcall(library.crash))
  return 1
end, 1)
check.equal(ok, false, "the outer call is lost, too")
check.equal(inner.kind, "crash", "the inner call")
check.equal(inner.func, "crash", "the function that crashed")
check.truthy(raised.kind == "crash" or raised.kind == "worker_lost", "the outer call: " .. tostring(raised))
check.equal(library.fire(1), -1, "the next worker knows no handler")

-- A crash after a callback.
local called = false
local crash = check.raises("crash", { "crash_after" }, library.crash_after, function() called = true end)
check.equal(crash.func, "crash_after", "the function that crashed")
check.equal(called, true, "the callback had been called")

-- A callback belongs to the worker that it was made for.
local old = memory.callback("handler", function(code) return code end)
check.equal(library.fire_given(old, 3), 3, "while its worker lives")
check.raises("crash", { "crash" }, library.crash)
check.raises("stale", { "exited" }, library.fire_given, old, 3)
old:free()
check.equal(library.fire_given(memory.callback("handler", function(code) return code end), 3), 3, "a new one")

-- A default may lie in the worker's memory, or be a callback of its own.
local function answers(type, default)
  local answer
  local failing = memory.callback(type, function() error("no", 0) end, { default = default })
  local relay = memory.callback("handler", function(code)
    answer = select(2, pcall(memory.call, {}, failing, code))
    return 0
  end)
  check.equal(library.fire_given(relay, 1), 0, "the script goes on")
  check.contains(answer, "no", "the error of the callback")
  failing:free()
  relay:free()
end
answers("handler", memory.new("int", -8))
answers("int *(*)(int)", memory.new("int", -8))
answers("handler (*)(int)", function(code) return code end)
dll.cdef "struct default_pair { int x, y; };"
answers("struct default_pair (*)(int)", memory.new("struct default_pair", { 1, 2 }))

-- The callbacks of a call that is refused are released like those of one that was made.
local refused = {
  function(callback) library.fire_given(callback, "no number") end,
  function(callback) memory.async(library.fire_given, callback, "no number") end,
  function(callback)
    memory.batch(function(call)
      call(library.fire_given, callback, 1)
      call(library.fire_given, callback, "no number")
    end)
  end,
}
local alive = setmetatable({}, { __mode = "k" })
for _, call in ipairs(refused) do
  for _ = 1, 10 do
    local seen = {}
    local function callback(code) return code + #seen end
    alive[callback] = true
    check.raises("type", "no number", call, callback)
  end
end
collectgarbage()
collectgarbage()
check.equal(next(alive), nil, "nothing keeps the functions")

check.finish()
