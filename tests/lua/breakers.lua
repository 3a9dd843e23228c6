-- A library that ends its worker again and again is left alone for a while; others are not.
local check = require "check"

dll.cdef "int add(int a, int b); void crash(void); double moment(void); int rest(int milliseconds); void leave(int code);"
local path = check.path "conditions"
local clock <close> = dll.worker()
local moment = clock.load(path).moment
local rest = clock.load(path).rest

local scope <close> = dll.worker { name = "scope" }
local bad = scope.load(path, { breaker = { deaths = 3, within = 60, pause = 2 } })
local good = scope.load(check.path "calls")

for _ = 1, 4 do check.raises("crash", "crash", bad.crash) end
local refused = check.raises("breaker_open", { "conditions", "more than 3 times within 60", "breaker" }, bad.add, 1, 2)
check.equal(refused.started, "no", "nothing was called")
check.truthy(refused.library:find "conditions", "the library")
local begun = moment()
for _ = 1, 10 do check.raises("breaker_open", "refused", bad.add, 1, 2) end
check.truthy(moment() - begun < 100, "ten refusals take no time: " .. moment() - begun)
check.raises("breaker_open", "refused", scope.async, bad.add, 1, 2)
check.raises("breaker_open", "refused", scope.batch, function(call) call(bad.add, 1, 2) end)
check.raises("breaker_open", "refused", scope.load, path)
check.equal(good.add(2, 3), 5, "another library in the same worker is called")

-- After the pause one call is let through. If its worker dies, the next pause is twice as long.
rest(2100)
check.raises("crash", "crash", bad.crash)
check.raises("breaker_open", "refused", bad.add, 1, 2)
rest(2100)
check.raises("breaker_open", "refused", bad.add, 1, 2)
rest(2100)
check.equal(bad.add(1, 2), 3, "a call that returns closes it")
check.raises("crash", "crash", bad.crash)
check.equal(bad.add(1, 2), 3, "deaths count from the start again")

-- The same library of another worker has a breaker of its own.
local other <close> = dll.worker()
local same = other.load(path)
check.equal(same.add(1, 2), 3, "another worker")
for _ = 1, 4 do check.raises("worker_lost", "leave", same.leave, 3) end
check.raises("breaker_open", "more than 3 times within 5", same.add, 1, 2)
check.equal(bad.add(1, 2), 3, "is no affair of the first")

-- None, for who wants to see each death.
same = other.load(path, { breaker = false })
for _ = 1, 6 do check.raises("crash", "crash", same.crash) end
check.equal(same.add(1, 2), 3, "never refused")

-- Mistakes.
check.raises("type", { "breaker", "false" }, dll.load, path, { breaker = 3 })
check.raises("type", { "breaker", "death", "deaths, within and pause" }, dll.load, path, { breaker = { death = 3 } })
check.raises("type", { "deaths", "positive integer" }, dll.load, path, { breaker = { deaths = 0 } })

check.finish()
