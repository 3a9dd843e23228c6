-- Shares Lua's hook between scripts and the runtime: Lua has one hook per thread. While deadlines or interrupts are
-- checked, a thread with a script's hook has one function that does both.
-- Arguments: `check`, which raises an error if code is to stop; `is_stopping`, which returns whether code is to stop on
-- every instruction; the number of instructions between two checks. Results: a function that sets whether anything is
-- checked, and one that removes a script's hook.

local check, is_stopping, INSTRUCTIONS = ...

local error, format, tointeger, type = error, string.format, math.tointeger, type
local sethook, gethook, running, xpcall_any = debug.sethook, debug.gethook, coroutine.running, xpcall
local find, gmatch, next, setmetatable = string.find, string.gmatch, next, setmetatable
local create, wrap, getupvalue = coroutine.create, coroutine.wrap, debug.getupvalue

-- The hook, mask and count that a script has set for a thread.
local WEAK <const> = { __mode = "k" }
local hooks = setmetatable({}, WEAK)

local is_watched = false

-- The coroutines without the runtime's hook. They get it when checks begin.
local main, unwatched = running(), setmetatable({}, WEAK)

-- The mask letter of each event.
local LETTERS <const> = { call = "c", ["tail call"] = "c", ["return"] = "r", line = "l" }

local install

local function watch(event, line)
  local thread = running()
  local own = hooks[thread]
  if not is_watched then
    install(thread)
  elseif event == "count" then
    if is_stopping() then
      sethook(watch, "", 1)
    end
    check()
  end
  if own == nil then
    return
  elseif event == "count" then
    if own.count == 0 then
      return
    end
    -- The instructions of this function were counted too, so the count starts over.
    sethook(watch, own.mask, own.step)
    own.passed = own.passed + own.step
    if own.passed < own.count then
      return
    end
    own.passed = own.passed - own.count
  elseif not find(own.mask, LETTERS[event], 1, true) then
    return
  end
  return own.hook(event, line)
end

-- Sets the hook that a thread needs now.
function install(thread)
  local own = hooks[thread]
  if is_watched then
    local mask, step = "", INSTRUCTIONS
    if own ~= nil then
      if own.count > 0 then
        -- Equal steps, so that the script's count ends with one of them.
        local parts = (own.count + step - 1) // step
        step = (own.count + parts - 1) // parts
      end
      mask, own.step, own.passed = own.mask, step, 0
    end
    sethook(thread, watch, mask, step)
    return
  elseif own ~= nil then
    sethook(thread, own.hook, own.mask, own.count)
  else
    sethook(thread)
  end
  if thread ~= main then
    unwatched[thread] = true
  end
end

-- The letters of a mask in Lua's order.
local function letters(mask)
  local known = ""
  for letter in gmatch("crl", ".") do
    if find(mask, letter, 1, true) then
      known = known .. letter
    end
  end
  return known
end

function debug.sethook(...)
  local thread, hook, mask, count = ...
  if type(thread) ~= "thread" then
    thread, hook, mask, count = running(), ...
  end
  if hook == nil then
    hooks[thread] = nil
  else
    if type(hook) ~= "function" then
      error(format("bad argument to 'sethook' (hook: function expected, got %s)", type(hook)), 2)
    elseif type(mask) ~= "string" then
      error(format("bad argument to 'sethook' (mask: string expected, got %s)", type(mask)), 2)
    elseif count ~= nil and not tointeger(count) then
      error(format("bad argument to 'sethook' (count: integer expected, got %s)", type(count)), 2)
    end
    mask, count = letters(mask), count and tointeger(count) or 0
    -- A hook without events is no hook.
    hooks[thread] = (mask ~= "" or count > 0) and { hook = hook, mask = mask, count = count, passed = 0, step = 0 } or nil
  end
  install(thread)
end

function debug.gethook(thread)
  local own = hooks[type(thread) == "thread" and thread or running()]
  if own ~= nil then
    return own.hook, own.mask, own.count
  end
  return nil
end

-- A coroutine inherits the hook of its creator. If that is the function of Lua's `debug.sethook`, it only knows the
-- creator's thread, and without checks there is none to inherit. So each coroutine gets its own hook, here or when
-- checks begin.
local function follow(thread)
  if is_watched then
    install(thread)
  else
    unwatched[thread] = true
  end
end

function coroutine.create(f)
  local thread = create(f)
  follow(thread)
  return thread
end

function coroutine.wrap(f)
  local call = wrap(f)
  local _, thread = getupvalue(call, 1)
  follow(thread)
  return call
end

-- The runtime stops code with an error raised inside the hook, where no further hook could stop a message handler.
function xpcall(f, handler, ...)
  if type(handler) ~= "function" then
    error(format("bad argument #2 to 'xpcall' (function expected, got %s)", handler == nil and "no value" or type(handler)), 2)
  elseif not is_watched then
    return xpcall_any(f, handler, ...)
  end
  return xpcall_any(f, function(failure)
    if is_stopping() then
      return failure
    end
    return handler(failure)
  end, ...)
end

local function set_watched(watched)
  is_watched = watched
  local thread = running()
  if hooks[thread] ~= nil then
    install(thread)
  end
  if watched and next(unwatched) ~= nil then
    -- A new table takes the place of this one: going through it takes as long as it ever was large.
    local others = unwatched
    unwatched = setmetatable({}, WEAK)
    for other in next, others do
      install(other)
    end
  end
end

-- Removes the script's hook from the running thread.
local function remove()
  local thread = running()
  hooks[thread] = nil
  install(thread)
end

return set_watched, remove
