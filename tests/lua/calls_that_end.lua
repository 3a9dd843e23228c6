-- Who is told of the end of a call: deadlines, restarts and deaths beside calls that go on.
local check = require "check"

dll.cdef [[
  int add(int a, int b);
  int rest(int milliseconds);
  unsigned int process(void);
  double moment(void);
  void crash(void);
  int call_at_gate(int (*callback)(int value), int value);
  void open_gate(void);
  int pass_gate(int value);
  void sleep_forever(void);
]]
local path = check.path "conditions"
local clock <close> = dll.worker { name = "clock" }
local moment, pause = clock.load(path).moment, clock.load(path).rest

-- A call beside others has its time too, and one that is over is not ended for it.
local LIMIT = 1500
local hasty <close> = dll.worker { deadline = LIMIT / 1000, name = "hasty" }
local own = hasty.load(path, { breaker = false })
local sum = hasty.async(own.add, 1, 2)
pause(LIMIT + 500)
check.equal(sum:wait(), 3, "it had returned in time, though nobody asked")
local late = hasty.async(own.rest, 60000)
local begun = moment()
local raised = check.raises("timeout", { "rest", "deadline exceeded" }, late.wait, late)
check.equal(raised.started, "yes", "it had started")
check.truthy(raised.call:find("rest(60000)", 1, true), "the call: " .. tostring(raised.call))
check.truthy(moment() - begun < LIMIT + 5000, "it was ended in time")
check.equal(own.add(1, 2), 3, "the next call")
do hasty.async(own.add, 3, 4) end
pause(LIMIT + 500)
check.equal(own.add(1, 2), 3, "what nobody waits for does no harm either")

-- A callback is stopped at the deadline, in a call beside others too, and though it catches every error.
local gate = hasty.load(check.path "concurrent", { breaker = false })
gate.open_gate()
local function for_ever() while true do pcall(function() while true do end end) end end
check.raises("timeout", "deadline exceeded", gate.call_at_gate, for_ever, 1)
gate.open_gate()
late = hasty.async(gate.call_at_gate, for_ever, 1)
local ok, failure = pcall(late.wait, late)
check.truthy(not ok and failure.kind == "timeout", "an endless callback of a call beside others: " .. tostring(failure))
check.equal(own.add(1, 2), 3, "and it goes on")

-- What is done after a restart has a time of its own, and its calls have theirs.
local calm <close> = dll.worker { name = "calm" }
own = calm.load(path, { breaker = false })
local bad = calm.load(check.path "misbehaviour", { breaker = false })
check.equal(own.add(1, 2), 3, "it runs")
calm.on_restart(function() calm.call({ deadline = 0.5 }, bad.sleep_forever) end)
calm:restart()
check.raises("timeout", { "on_restart", "sleep_forever" }, calm.call, { deadline = 30 }, own.add, 1, 2)
calm.on_restart(function() own.rest(300) end)
check.equal(calm.call({ deadline = 0.2 }, own.add, 1, 2), 3, "it may take longer than the call")
if check.configuration == "native" then
  calm.on_restart(function() bad.sleep_forever() end)
  calm:restart()
  check.raises("timeout", { "on_restart", "sleep_forever" }, calm.call, { deadline = 0.5 }, own.add, 1, 2)
end
calm:restart()
calm.on_restart(function() error "no device" end)
local refused = check.raises("callback", { "on_restart", "no device" }, own.add, 1, 2)
check.equal(refused.started, "no", "the call had not begun")
calm.on_restart(nil)
check.equal(own.add(1, 2), 3, "and without it all is well")

-- A function that is called by its address leaves it to the next call by name.
local hooks = 0
calm.on_restart(function() hooks = hooks + 1 end)
calm:restart()
local pointer = calm.cast("int (*)(int, int)", own.add)
check.equal(pointer(1, 2), 3, "by its address")
check.equal(own.add(1, 2), 3, "by its name")
check.equal(hooks, 1, "what is to be done after a restart")
calm.on_restart(nil)

-- The death of a worker is told as what it was to each call that was under way.
local crash = calm.async(own.crash)
raised = check.raises("crash", "crash", crash.wait, crash)
check.equal(raised.started, "yes", "a call that was taken on has started")
check.equal(raised.call, "crash()", "the call")
local waiting = calm.async(own.rest, 60000)
calm:restart()
raised = check.raises("worker_lost", { "rest", "was stopped on request" }, waiting.wait, waiting)
check.equal(raised.started, "yes", "so has one whose worker was restarted")

-- A call that was called off with its worker is no death that another would be told of.
waiting = calm.async(own.rest, 60000)
pause(100)
check.equal(waiting:cancel(true), true, "called off")
check.equal(own.add(1, 2), 3, "the next call knows nothing of it")
check.raises("interrupted", "cancelled", waiting.wait, waiting)
waiting = calm.async(own.rest, 60000)
check.raises("crash", "crash", own.crash)
check.equal(waiting:cancel(true), false, "what died by itself is not called off")

-- Breakers count the deaths that a library has caused, whatever it was called by, and hear of calls that return.
local broken = calm.load(path, { breaker = { deaths = 1, within = 60, pause = 1 } })
for _ = 1, 4 do
  waiting = calm.async(broken.rest, 60000)
  calm:restart()
  check.raises("worker_lost", "stopped on request", waiting.wait, waiting)
end
check.equal(broken.add(1, 2), 3, "restarts are no deaths")
for _ = 1, 2 do
  crash = calm.async(broken.crash)
  check.raises("crash", "crash", crash.wait, crash)
end
check.raises("breaker_open", "refused", broken.add, 1, 2)
pause(1100)
check.equal(calm.async(broken.add, 1, 2):wait(), 3, "a probe beside others")
check.equal(broken.add(1, 2), 3, "closes it")

-- Recycling counts calls, not questions, and is not held up by what is over.
local worn <close> = dll.worker { recycle = { calls = 10 }, restart = "never" }
own = worn.load(path)
for _ = 1, 12 do
  local future = worn.async(own.add, 1, 2)
  for _ = 1, 20 do future:done() end
  check.equal(future:wait(), 3, "a call beside others")
end
local figures = worn.stats().workers[1]
check.equal(figures.calls, 12, "calls")
check.equal(figures.recycled, 1, "recycled, though it does not restart by itself")
do
  -- More than run at a time, so that the last waits for its turn.
  local futures = {}
  for index = 1, 80 do futures[index] = worn.async(own.rest, 300) end
  check.equal(futures[80]:cancel(), true, "withdrawn")
  futures[80] = nil
  dll.wait_all(futures)
end
local before = worn.stats().workers[1].recycled
own.add(1, 2)
check.equal(worn.stats().workers[1].recycled, before + 1, "one that was withdrawn does not hold it up")

-- A spare waits for none that nobody has any more.
for index = 1, 5 do
  local short <close> = dll.worker { env = { NUMBER = index } }
  short.load(path).add(1, 2)
end
pause(2600)
check.truthy(dll.stats().spares <= 5, "spares: " .. dll.stats().spares)

check.finish()
