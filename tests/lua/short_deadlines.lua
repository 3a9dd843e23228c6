-- Calls with less time than a restart takes: the time is the call's own. Starting the worker, loading its libraries, finding the
-- function and what a script does after a restart have theirs.
local check = require "check"

dll.cdef [[
  int loaded(void);
  int add(int a, int b);
  int rest(int milliseconds);
  void crash(void);
  int sum_of_ints(int count, ...);
  int (*choose_operation(const char *name))(int a, int b);
]]

-- How long a call may take, and how long it takes to load a library, in milliseconds.
local LIMIT, LOADING = 250, 400
local env = { RUNTIME64_LOADING = LOADING }
local unbroken = { breaker = false }

local function libraries(module)
  return { module = module, slow = module.load(check.path "slow_to_load"), own = module.load(check.path "conditions", unbroken) }
end

-- Each makes a call after a death, in a worker whose calls have a limit or by options that have one.
local hasty <close> = dll.worker { name = "hasty", deadline = LIMIT / 1000, env = env }
local calm <close> = dll.worker { name = "calm", env = env }
local of_hasty, of_calm = libraries(hasty), libraries(calm)
local ways = {
  { "a call", of_hasty, function(l) return l.slow.loaded() end },
  { "a call beside others", of_hasty, function(l) return hasty.async(l.slow.loaded):wait() end },
  { "a batch", of_hasty, function(l)
    return hasty.batch(function(call) call(l.own.add, 1, 2) call(l.slow.loaded) end)[2]
  end },
  { "dll.call", of_calm, function(l) return calm.call({ deadline = LIMIT / 1000 }, l.slow.loaded) end },
  { "dll.call that tries again", of_calm, function(l)
    return calm.call({ deadline = LIMIT / 1000, retry = 2, idempotent = true }, l.slow.loaded)
  end },
  { "dll.call in a worker with a limit", of_hasty, function(l) return hasty.call({ deadline = LIMIT / 1000 }, l.slow.loaded) end },
}
for _, way in ipairs(ways) do
  local name, used, call = table.unpack(way)
  check.equal(call(used), 1, name .. ": before")
  check.raises("crash", "crash", used.own.crash)
  check.equal(call(used), 1, name .. ": after a death")
end

-- The same for other functions, which are named for the first time after the death.
local globals = hasty.load(check.path "globals", unbroken)
check.raises("crash", "crash", of_hasty.own.crash)
check.equal(globals.sum_of_ints(3, 1, 2, 3), 6, "a call with a variable number of arguments")
check.equal(globals.choose_operation "add"(1, 2), 3, "a call through a pointer")

-- What a script does after a restart may take longer than the call.
calm.on_restart(function() of_calm.own.rest(LIMIT + 150) end)
check.raises("crash", "crash", of_calm.own.crash)
check.equal(calm.call({ deadline = LIMIT / 1000 }, of_calm.own.add, 1, 2), 3, "after what is done after a restart")
calm.on_restart(nil)

-- The call's own time is kept, also in the first call after a restart.
check.raises("crash", "crash", of_hasty.own.crash)
check.raises("timeout", "rest", of_hasty.own.rest, 20000)
check.raises("crash", "crash", of_calm.own.crash)
check.raises("timeout", "rest", calm.call, { deadline = LIMIT / 1000 }, of_calm.own.rest, 20000)

-- Shorter than any start of a worker under Wine. A busy machine may let even a short call wait so long, but seldom.
local short <close> = dll.worker { name = "short" }
local own, in_time = short.load(check.path "conditions", unbroken), 0
for _ = 1, 5 do
  check.raises("crash", "crash", own.crash)
  if pcall(short.call, { deadline = 0.02 }, own.add, 1, 2) then in_time = in_time + 1 end
end
check.truthy(in_time >= 2, "calls in time after 5 deaths: " .. in_time)

check.finish()
