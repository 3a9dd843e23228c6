-- Finalizers at the end of the state. Lua would run them while it closes the state, when Rust can no longer be called.
-- So this chunk tracks each object that has one, and finalizes the remaining objects while the state is whole.
-- Argument: the message handler for `xpcall`. Result: the function that runs the finalizers.

local report = ...

local error, format, pairs, rawequal, rawget = error, string.format, pairs, rawequal, rawget
local select, sort, type, xpcall = select, table.sort, type, xpcall
local getmetatable, setmetatable_any = debug.getmetatable, debug.setmetatable

-- The objects by their number in the order of marking, and their numbers. Lua removes an object from the values of a
-- weak table before it runs its finalizer, so an object found here has not been finalized (manual, 2.5.4).
local objects, numbers, last = setmetatable_any({}, { __mode = "v" }), setmetatable_any({}, { __mode = "k" }), 0

-- An object is marked for finalization when it gets a metatable with the field `__gc` (manual, 2.5.3).
local function mark(object, metatable)
  local number = numbers[object]
  if number == nil or not rawequal(objects[number], object) then
    last = last + 1
    numbers[object], objects[last] = last, object
  end
end

function setmetatable(object, ...)
  local metatable = ...
  if type(object) ~= "table" then
    error(format("bad argument #1 to 'setmetatable' (table expected, got %s)", object == nil and "no value" or type(object)), 2)
  elseif type(metatable) ~= "table" and (metatable ~= nil or select("#", ...) == 0) then
    error("bad argument #2 to 'setmetatable' (nil or table expected)", 2)
  end
  local before = getmetatable(object)
  if before ~= nil and rawget(before, "__metatable") ~= nil then
    error("cannot change a protected metatable", 2)
  end
  setmetatable_any(object, metatable)
  if metatable ~= nil and rawget(metatable, "__gc") ~= nil then
    mark(object)
  end
  return object
end

function debug.setmetatable(value, ...)
  local metatable = ...
  if type(metatable) ~= "table" and (metatable ~= nil or select("#", ...) == 0) then
    error("bad argument #2 to 'setmetatable' (nil or table expected)", 2)
  end
  setmetatable_any(value, metatable)
  local of = type(value)
  if metatable ~= nil and (of == "table" or of == "userdata") and rawget(metatable, "__gc") ~= nil then
    mark(value)
  end
  return value
end

-- Finalizers may create objects with finalizers, but not without end.
local ROUNDS <const> = 10

-- The number of errors passed to the host; for the rest it gets only their number.
local REPORTED <const> = 16

-- An error does not prevent the other finalizers from running.
local function finalize(object, failures)
  local metatable = getmetatable(object)
  local finalizer = metatable ~= nil and (rawget(metatable, "runtime64 finalizer") or rawget(metatable, "__gc"))
  local of_finalizer = getmetatable(finalizer)
  if type(finalizer) ~= "function" and (of_finalizer == nil or rawget(of_finalizer, "__call") == nil) then
    return
  end
  local ok, failure = xpcall(finalizer, report, object)
  if not ok then
    failures.count = failures.count + 1
    if failures.count <= REPORTED then
      failures[failures.count] = failure
    end
  end
end

-- The remaining objects, in reverse order of marking. They are kept alive until none of them has a finalizer any more.
local function take()
  local order, taken = {}, {}
  for number, object in pairs(objects) do
    order[#order + 1], taken[number] = number, object
  end
  sort(order, function(left, right)
    return left > right
  end)
  for position = 1, #order do
    local number = order[position]
    objects[number], order[position] = nil, taken[number]
  end
  return order
end

local has_begun = false

-- Runs all remaining finalizers, once. Result: the reports of those that failed, and their number in the field `count`.
return function()
  local failures, finalized = { count = 0 }, {}
  if has_begun then
    return failures
  end
  has_begun = true
  for _ = 1, ROUNDS do
    local order = take()
    if #order == 0 then
      break
    end
    finalized[#finalized + 1] = order
    for position = 1, #order do
      finalize(order[position], failures)
    end
  end
  finalized[#finalized + 1] = take()
  -- Lua finds no finalizer of an object without a metatable when it closes the state. Until here, objects may have used
  -- each other.
  for _, order in pairs(finalized) do
    for position = 1, #order do
      setmetatable_any(order[position], nil)
    end
  end
  return failures
end
