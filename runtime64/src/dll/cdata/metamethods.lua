-- The metamethods of C data and of its types that may call functions of a script: those of metatypes, and finalizers.
-- Called from Lua, these functions may yield, and their errors arrive unchanged.
--
-- Arguments: C data and a type, for their metatables; the numbers of events by name; the functions implemented in Rust.

local data, ctype, event, rust = ...

local gsub = string.gsub
local error, pcall, pairs, sort, type, warn = error, pcall, pairs, table.sort, type, warn
local metatable, type_metatable = debug.getmetatable(data), debug.getmetatable(ctype)
metatable.__name, type_metatable.__name = "cdata", "ctype"

-- Lua's own operators, for numbers in memory.
local operators = {
  __add = function(a, b) return a + b end, __sub = function(a, b) return a - b end,
  __mul = function(a, b) return a * b end, __div = function(a, b) return a / b end,
  __mod = function(a, b) return a % b end, __pow = function(a, b) return a ^ b end,
  __idiv = function(a, b) return a // b end, __unm = function(a) return -a end,
  __band = function(a, b) return a & b end, __bor = function(a, b) return a | b end,
  __bxor = function(a, b) return a ~ b end, __bnot = function(a) return ~a end,
  __shl = function(a, b) return a << b end, __shr = function(a, b) return a >> b end,
  __concat = function(a, b) return a .. b end, __eq = function(a, b) return a == b end,
  __lt = function(a, b) return a < b end, __le = function(a, b) return a <= b end,
}

-- Reports errors of Lua's operators at the script's position, not at this file's.
local function plainly(operator, left, right)
  local ok, result = pcall(operator, left, right)
  if not ok then
    result = gsub(gsub(result, "^%[runtime64%]:%d+: ", ""), " %(local '%a'%)", "")
    error(result, 2) -- This function replaces the metamethod that tail-called it.
  end
  return result
end

-- Operators: C's meaning if it is defined for the operands, then the metatype's, then Lua's.
local operate = rust.operate
for name, operator in pairs(operators) do
  local number = event[name]
  metatable[name] = function(left, right)
    local method, result, one, other = operate(number, left, right)
    if method ~= nil then
      return method(left, right)
    elseif one ~= nil then
      return plainly(operator, one, other)
    end
    return result
  end
end

-- A metatype's metamethod takes precedence over the built-in one.
local method_of = rust.method_of

local function own(name, answer)
  local number = event[name]
  metatable[name] = function(this, ...)
    local method = method_of(number, this)
    if method ~= nil then
      return method(this, ...)
    end
    return answer(this, ...)
  end
end

own("__len", rust.length)
own("__call", rust.call)
own("__tostring", rust.to_string)
own("__pairs", rust.pairs)
own("__ipairs", rust.ipairs)

-- Calling a type creates an object, through its own `__new` if it has one.
local new_method_of, new, type_index = rust.new_method_of, rust.new, rust.type_index

function type_metatable.__call(this, ...)
  local method = new_method_of(this)
  if method ~= nil then
    return method(this, ...)
  end
  return new(this, ...)
end

function type_metatable.__index(this, key)
  local value, method = type_index(this, key)
  if method ~= nil then
    return method(this, key)
  end
  return value
end

-- Fields are read and written by Rust alone until the userdata itself is needed: by a metatype with a function, or a
-- table with a metatable, for unknown names, or by a guard, which parts inherit.
local index, newindex, missing, inherit = metatable.__index, metatable.__newindex, rust.missing, rust.inherit

local function follow_fields()
  function metatable.__index(this, key)
    local value, further = index(this, key)
    if further == nil then
      return value
    elseif further == true then
      return inherit(this, value)
    elseif type(further) ~= "table" then
      return further(this, key)
    end
    local found = further[key]
    if found == nil then
      missing(this, key)
    end
    return found
  end

  function metatable.__newindex(this, key, value)
    local method = newindex(this, key, value)
    if type(method) == "table" then
      method[key] = value
    elseif method ~= nil then
      return method(this, key, value)
    end
  end
end

-- Guards: tables that are collected with the C data whose user value they are. A guard contains a copy of the C data
-- for the finalizer, its number in order of creation, and the previous guard.
local is_obsolete, fresh, guard_of, close = rust.is_obsolete, rust.fresh, rust.guard_of, rust.close
local guards, made = setmetatable({}, { __mode = "k" }), 0

local function run(guard)
  local finalizer = guard.finalizer
  if finalizer ~= nil then
    guard.finalizer = nil
    if not is_obsolete(finalizer, guard.copy) then
      -- A new userdata, as the copy dies with the guard and the finalizer may keep its argument.
      finalizer(fresh(guard.copy))
    end
  end
end

-- Errors in finalizers run by the collector cannot be caught, so they become warnings.
local warning_of, is_over = rust.warning_of, false

local function run_alone(guard)
  local ok, failure = pcall(run, guard)
  if not ok then
    local text = warning_of(failure)
    if text then
      warn("error in a finalizer of C data: ", text)
    end
  end
end

local guard_metatable = {
  __gc = function(guard)
    if not is_over then
      run_alone(guard)
    end
  end,
  -- At the end of the state, errors are reported to the host.
  ["runtime64 finalizer"] = run,
}

local function make_guard(copy, finalizer, earlier)
  if made == 0 then
    follow_fields()
  end
  made = made + 1
  local guard = setmetatable({ copy = copy, finalizer = finalizer, number = made, earlier = earlier }, guard_metatable)
  guards[guard] = true
  return guard
end

-- The guards that still have a finalizer, last one first, as in Lua itself.
local function armed()
  local all = {}
  for guard in pairs(guards) do
    if guard.finalizer ~= nil then
      all[#all + 1] = guard
    end
  end
  sort(all, function(left, right)
    return left.number > right.number
  end)
  return all
end

-- Runs all remaining finalizers; an error in one does not stop the others. Finalizers may create C data with
-- finalizers, but only for a limited number of rounds.
local function run_all()
  for _ = 1, 10 do
    local all = armed()
    if #all == 0 then
      break
    end
    for position = 1, #all do
      run_alone(all[position])
    end
  end
end

-- Runs before the state closes: Rust cannot be called from later collections.
local function finish()
  run_all()
  is_over = true
end

-- The end of the scope of a `<close>` variable: runs the metatype's `__close`, otherwise the finalizer, and releases
-- the memory.
own("__close", function(this)
  local guard, ok, failure = guard_of(this), true, nil
  if guard ~= nil then
    ok, failure = pcall(run, guard)
  end
  close(this)
  if not ok then
    error(failure, 0)
  end
end)

return {
  follow_fields = follow_fields,
  make_guard = make_guard,
  run_all = run_all,
  finish = finish,
}
