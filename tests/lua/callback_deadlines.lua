-- The deadline of a call reaches whatever its callback does: each of these ends in time, with an error of kind timeout.
local check = require "check"

dll.cdef [[
  int fire_given(int (*handler)(int code), int code);
  int rest(int milliseconds);
  double moment(void);
]]
local LIMIT, LATE = 300, 3000
local clock <close> = dll.worker { name = "clock" }
local moment = clock.load(check.path "conditions").moment
local library = dll.load(check.path "callbacks", { breaker = false })
local rest = dll.load(check.path "conditions", { breaker = false }).rest
local other <close> = dll.worker { name = "other" }
local other_rest = other.load(check.path "conditions", { breaker = false }).rest
check.equal(library.fire_given(function(code) return code + 1 end, 1), 2, "a callback")
check.equal(rest(1) ~= nil and other_rest(1) ~= nil, true, "both workers run")

local function forever()
  while true do
  end
end
local function closing(close)
  return setmetatable({}, { __close = close })
end
local function resting(f, ...)
  while true do
    pcall(f, ...)
  end
end

local earlier, hooked_earlier, wrapped_earlier = coroutine.create(forever), coroutine.create(forever), coroutine.wrap(forever)
debug.sethook(hooked_earlier, function() end, "l")
-- Runs for a while in each callback, and between them.
local between = coroutine.wrap(function()
  while true do
    for _ = 1, 100000 do
    end
    coroutine.yield()
  end
end)
local earlier_callback
dll.call({ deadline = 60 }, library.fire_given, function(code)
  earlier_callback = coroutine.wrap(function()
    coroutine.yield()
    forever()
  end)
  earlier_callback()
  return code
end, 1)
local callbacks = {
  { "a loop", forever },
  { "protected calls of the library", function() resting(rest, 10) end },
  { "protected calls of another worker", function() resting(other_rest, 10) end },
  { "one long call of another worker", function() other_rest(60000) end },
  { "calls with a deadline of their own", function() resting(dll.call, { deadline = 60 }, other_rest, 10) end },
  { "calls that are waited for", function() resting(function() dll.async(other_rest, 60000):wait() end) end },
  { "calls that are waited for in turn", function() resting(function() dll.wait_any({ dll.async(other_rest, 60000) }, 60) end) end },
  { "batches", function() resting(dll.batch, function(call) call(other_rest, 10) end) end },
  { "polling", function() resting(dll.poll, 60) end },
  { "the hook is removed", function() debug.sethook() forever() end },
  { "the hook is replaced", function() debug.sethook(function() end, "crl", 1000000) forever() end },
  { "a protected loop", function() while true do pcall(forever) end end },
  { "a handler that loops", function() xpcall(forever, forever) end },
  { "a handler of an error that loops", function() xpcall(error, forever, "no") end },
  { "handlers in a loop", function() while true do xpcall(forever, function() resting(rest, 10) end) end end },
  { "a variable that is closed", function() local _ <close> = closing(forever) end },
  { "a variable that is closed by the error", function() local _ <close> = closing(function() resting(rest, 10) end) forever() end },
  { "a coroutine", function() coroutine.wrap(forever)() end },
  { "a coroutine after the hook is removed", function() debug.sethook() coroutine.wrap(forever)() end },
  { "a coroutine beside a hook", function() debug.sethook(function() end, "l") coroutine.wrap(forever)() end },
  { "a coroutine made before the call", function() coroutine.resume(earlier) end },
  { "a coroutine made before the call with a hook of its own", function() coroutine.resume(hooked_earlier) end },
  { "a wrapped coroutine made before the call", function() wrapped_earlier() end },
  { "a coroutine that computes between the calls, too", function() while true do between() end end },
  { "a coroutine of an earlier callback", function() earlier_callback() end },
  { "coroutines in a loop", function() while true do coroutine.resume(coroutine.create(forever)) end end },
}
for _, case in ipairs(callbacks) do
  local what, callback = case[1], case[2]
  local begun = moment()
  local failure = check.raises("timeout", "deadline exceeded", dll.call, { deadline = LIMIT / 1000 }, library.fire_given, callback, 1)
  local took = moment() - begun
  check.truthy(took >= LIMIT - 20 and took < LIMIT + LATE, ("%s took %.0f ms"):format(what, took))
  check.equal(failure.kind, "timeout", what)
  -- Nothing is left of it.
  debug.sethook()
  pcall(between)
  local sum = 0
  for index = 1, 100000 do
    sum = sum + index
  end
  check.equal(sum, 5000050000, "code goes on after " .. what)
  check.equal(library.fire_given(function(code) return code + 1 end, 1), 2, "callbacks are called after " .. what)
end

-- A hook that the script has set goes on through calls with deadlines, and inside of their callbacks.
local function hooked(thread)
  local lines, inside = 0, 0
  local is_inside = false
  local function count()
    lines = lines + 1
    inside = inside + (is_inside and 1 or 0)
  end
  debug.sethook(count, "l")
  check.equal(select(2, debug.gethook()), "l", "the mask, " .. thread)
  dll.call({ deadline = 60 }, library.fire_given, function(code)
    is_inside = true
    local sum = code
    sum = sum + 1
    is_inside = false
    return sum
  end, 1)
  local before = lines
  local sum = 1
  sum = sum + 1
  local hook, mask, number = debug.gethook()
  debug.sethook()
  check.equal(hook, count, "the hook, " .. thread)
  check.equal(mask, "l", "the mask afterwards, " .. thread)
  check.equal(number, 0, "the count, " .. thread)
  check.truthy(inside >= 3, "lines of the callback, " .. thread)
  check.truthy(lines - before >= 3, "lines after the call, " .. thread)
  check.equal((debug.gethook()), nil, "no hook, " .. thread)
end
hooked "main"
coroutine.wrap(hooked) "coroutine"

-- One that is set inside stays, too, as does its count, whether it is shorter than the runtime's or longer.
for _, count in ipairs { 100, 10007, 15000, 25000 } do
  local events = 0
  dll.call({ deadline = 60 }, library.fire_given, function(code)
    debug.sethook(function(event) events = events + (event == "count" and 1 or 0) end, "", count)
    for _ = 1, 10 * count do
    end
    debug.sethook()
    return code
  end, 1)
  check.truthy(events >= 9 and events <= 15, events .. " events in 10 times " .. count .. " instructions")
end
local events = 0
dll.call({ deadline = 60 }, library.fire_given, function(code)
  debug.sethook(function(event) events = events + (event == "count" and 1 or 0) end, "", 100)
  return code
end, 1)
for _ = 1, 10000 do
end
debug.sethook()
check.truthy(events >= 50 and events <= 1000, events .. " events of 100 instructions each")

-- What is set is read back as Lua has it.
local function nothing() end
for _, case in ipairs { { "lc", 0, "cl" }, { "lrc", 5, "crl" }, { "xx", 7, "" } } do
  debug.sethook(nothing, case[1], case[2])
  for _, thread in ipairs { coroutine.running(), 1 } do
    local hook, mask, count = debug.gethook(thread)
    check.equal(hook, nothing, "the hook of " .. case[1])
    check.equal(mask, case[3], "the mask of " .. case[1])
    check.equal(count, case[2], "the count of " .. case[1])
  end
end
debug.sethook(nothing, "", 0)
check.equal((debug.gethook()), nil, "a hook for no event")

-- Errors of a script's hook are what they were, and wrong arguments are refused.
check.equal(select(2, pcall(debug.sethook, 1, "l")) ~= nil, true, "no function")
local ok, raised = pcall(function()
  debug.sethook(function() debug.sethook() error({ own = true }) end, "l")
  local _ = 1
end)
debug.sethook()
check.truthy(not ok and raised.own, "the hook's own error")

check.finish()
