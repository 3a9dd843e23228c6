-- Finalizers at the end of the state. Lua would run them while it closes the state, when nothing of Rust can be called any
-- more; so each object that has one is known here, and what is left at the end is finalized while the state is whole.
-- Argument: the function that reports an error, for `xpcall`. Result: the function that runs the finalizers.

local report = ...

local error, format, pairs, rawequal, rawget = error, string.format, pairs, rawequal, rawget
local select, sort, type, xpcall = select, table.sort, type, xpcall
local getmetatable, setmetatable_any = debug.getmetatable, debug.setmetatable

-- The objects by their number in the order of marking, and their numbers. Lua removes an object from the values of a weak
-- table before it runs its finalizer, so that none that is here has been finalized (manual, 2.5.4).
local objects, numbers, last = setmetatable_any({}, { __mode = "v" }), setmetatable_any({}, { __mode = "k" }), 0

-- An object is marked for finalization when it gets a metatable with the field (manual, 2.5.3).
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

-- Finalizers may make objects with finalizers, though not for ever.
local ROUNDS <const> = 10

-- What the host is given of errors; their number tells the rest.
local REPORTED <const> = 16

-- Errors are no reason to leave out the other finalizers.
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

-- The objects that are left, the one that was marked last first. They are held until none of them has a finalizer any more.
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

-- Runs all that are left, once. Result: what was reported of those that failed, with their number in the field `count`.
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
  -- Without a metatable Lua finds no finalizer when it closes the state. Until here the objects may have used each other.
  for _, order in pairs(finalized) do
    for position = 1, #order do
      setmetatable_any(order[position], nil)
    end
  end
  return failures
end
