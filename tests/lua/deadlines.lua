-- Deadlines: of one call, of all calls of a worker, of loading. The call that is late ends in an error, the next one works.
local check = require "check"

dll.cdef [[
  int add(int a, int b);
  double moment(void);
  int rest(int milliseconds);
  void spin_forever(void);
  void sleep_forever(void);
]]
local clock <close> = dll.worker { name = "clock" }
local moment = clock.load(check.path "conditions").moment

-- How late an error may be on a machine that does much else. What it takes on one that does not is measured elsewhere.
local LATE = 3000

local function in_time(what, limit, f, ...)
  local begun = moment()
  local raised = check.raises("timeout", { what, "deadline exceeded" }, f, ...)
  local took = moment() - begun
  check.truthy(took >= limit and took < limit + LATE, what .. " took " .. took .. " ms")
  return raised
end

-- A busy loop and a sleep, with a limit for one call.
local main = dll.load(check.path "conditions", { breaker = false })
local bad = dll.load(check.path "misbehaviour", { breaker = false })
for _, name in ipairs { "spin_forever", "sleep_forever" } do
  local raised = in_time(name, 100, dll.call, { deadline = 0.1 }, bad[name])
  check.equal(raised.started, "yes", name .. " had started")
  check.equal(raised.func, name, "the function")
  check.equal(main.add(2, 3), 5, "the next call after " .. name)
end

-- The same for all calls of a worker, whatever they are made by.
-- It is long enough for a busy machine.
local LIMIT = 1000
local hasty <close> = dll.worker { deadline = LIMIT / 1000, name = "hasty" }
main = hasty.load(check.path "conditions", { breaker = false })
bad = hasty.load(check.path "misbehaviour", { breaker = false })
in_time("sleep_forever", LIMIT, bad.sleep_forever)
check.equal(main.add(2, 3), 5, "the next call")
in_time("spin_forever", LIMIT, bad.spin_forever)
in_time("conditions", LIMIT, hasty.batch, function(call) call(main.add, 1, 2) call(main.rest, 20000) end)
check.equal(main.rest(5), 5, "a call that is in time")
check.equal(hasty.call({ deadline = 10 }, main.rest, LIMIT + 200), LIMIT + 200, "a call with a limit of its own")
for _ = 1, 30 do main.rest(40) end
check.equal(main.add(1, 1), 2, "many calls take longer together than one may")

-- A callback is part of its call, and what it calls has a limit too, but not more than is left.
dll.cdef "int call_at_gate(int (*callback)(int value), int value); void open_gate(void);"
local concurrent = hasty.load(check.path "concurrent", { breaker = false })
concurrent.open_gate()
in_time("rest", LIMIT, concurrent.call_at_gate, function(value) return main.rest(20000) + value end, 1)
check.equal(main.add(2, 3), 5, "after a callback that hung")

-- A library that hangs while it is loaded, with the loader's lock held. Loading has a time of its own, whatever calls may take.
in_time("hang_on_load", LIMIT, hasty.load, check.path "hang_on_load", { deadline = LIMIT / 1000 })
check.equal(main.add(2, 3), 5, "after a library that hangs while it is loaded")
in_time("hang_on_load", 100, dll.load, check.path "hang_on_load", { deadline = 0.1 })
if check.configuration == "native" then
  in_time("hang_on_load", 10000, hasty.load, check.path "hang_on_load")
end

-- What is left of a limit when a call is over is nothing to later ones.
local calm <close> = dll.worker()
main = calm.load(check.path "conditions")
check.equal(calm.call({ deadline = 1 }, main.rest, 100), 100, "in time")
check.equal(main.rest(1100), 1100, "no limit any more")

check.finish()
