-- Callbacks that call the library again, which calls back: as deep as the stacks go.
local check = require "check"
local library = check.library "callbacks"
local memory = dll.of(library)

dll.cdef [[
  typedef int (*handler)(int code);
  int descend(int depth, int (*step)(int depth));
  int fire_given(handler handler, int code);
  void set_handler(handler handler);
  int fire(int code);
  int square(int value);
  int set_errno(int value);
  int errno_across(int value, void (*callback)(void));
]]

-- One level: a plain call from a callback.
check.equal(library.fire_given(function(code) return library.square(code) + 1 end, 7), 50, "the library called again")

-- Every level calls the next; each has its own arguments and its own result.
local deepest = 0
local function step(depth)
  deepest = deepest + 1
  return library.descend(depth, step)
end
for _, depth in ipairs { 1, 2, 10, 100, 180 } do
  deepest = 0
  check.equal(library.descend(depth, step), depth, "a depth of " .. depth)
  check.equal(deepest, depth, "the callbacks of a depth of " .. depth)
end

-- Beyond what Lua allows it is an error, at whatever level that is.
local _, overflow = pcall(library.descend, 1000, step)
check.contains(overflow, "stack overflow", "a depth of 1000")
check.equal(library.descend(3, step), 3, "and a depth of 3 after it")

-- The same with one kept callback, which is active at every level at once.
local kept
kept = memory.callback("handler", function(depth) return library.descend(depth, kept) end)
check.equal(library.descend(100, kept), 100, "one callback at a hundred levels")

-- Two kinds of callbacks in turn, with work on the way down and on the way up.
local trace = {}
local function down(depth)
  trace[#trace + 1] = depth
  local result = depth == 0 and 0 or library.fire_given(function(code)
    return library.descend(code, down)
  end, depth)
  trace[#trace + 1] = -depth
  return result
end
check.equal(library.descend(4, down), 4, "two kinds in turn")
check.equal(table.concat(trace, " "), "3 2 1 0 0 -1 -2 -3", "down and up")

-- A tree instead of a chain: a transient callback of an inner call ends with that call, those of outer ones stay.
local function count(depth)
  if depth == 0 then
    return 1
  end
  return library.fire_given(count, depth - 1) + library.fire_given(count, depth - 1)
end
check.equal(library.fire_given(count, 8), 256, "a tree of calls")

-- An error in the middle ends the levels above it, one after the other, and reaches the outermost call.
local unwound = 0
local function fail_at(level)
  local function go(depth)
    if depth == level then
      error("at level " .. level, 0)
    end
    local ok, raised = pcall(library.descend, depth, go)
    unwound = unwound + 1
    if not ok then
      error(raised, 0)
    end
    return 0
  end
  return go
end
local ok, raised = pcall(library.descend, 20, fail_at(5))
check.equal(ok, false, "an error in the middle")
check.equal(tostring(raised), "at level 5", "the error itself")
check.equal(unwound, 14, "every level saw it")

-- An error that is caught half-way goes no further.
check.equal(library.descend(10, function(depth)
  local fine = pcall(library.descend, depth, function() error "caught" end)
  return fine and 1 or 50
end), 51, "caught in a callback")
check.equal(library.fire_given(function() return 3 end, 0), 3, "and all is well after it")

-- Each level has its error number.
local inner
library.errno_across(34, function()
  library.set_errno(22)
  inner = memory.errno()
end)
check.equal(inner, 22, "errno of the inner call")

-- Coroutines: each callback runs to its end, wherever it was called from.
local thread = coroutine.wrap(function()
  local sum = 0
  for round = 1, 3 do
    sum = sum + library.fire_given(function(code) return library.square(code) end, round)
    coroutine.yield(sum)
  end
end)
check.equal(thread(), 1, "from a coroutine")
check.equal(library.fire_given(function() return thread() end, 0), 5, "a coroutine that goes on inside a callback")
check.equal(thread(), 14, "and outside again")
-- A callback may run coroutines of its own.
check.equal(library.fire_given(function(code)
  local inside = coroutine.wrap(function(value)
    value = coroutine.yield(library.square(value))
    return library.square(value)
  end)
  return inside(code) + inside(code + 1)
end, 3), 25, "coroutines in a callback")

-- A handler that replaces itself while it runs.
local first
first = memory.callback("handler", function(code)
  first:set(function(again) return again * 100 end)
  return code
end)
library.set_handler(first)
check.equal(library.fire(5), 5, "the function that was called")
check.equal(library.fire(5), 500, "the one that it set")
library.set_handler(nil)

check.finish()
