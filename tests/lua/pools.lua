-- dll.pool: several workers for calls that need nothing of each other.
local check = require "check"

dll.cdef [[
  int add(int a, int b);
  unsigned int process(void);
  int rest(int milliseconds);
  int initialise(int how);
  int is_initialised(void);
  void crash(void);
  double moment(void);
]]
local path = check.path "conditions"
local pool = dll.pool { size = 2, name = "probes" }
local library = pool.load(path, { breaker = false })
check.equal(tostring(pool), "dll pool 'probes'", "as text")

-- One call, and many: results come in the order of the list, whoever has made them.
check.equal(library.add(2, 3), 5, "a call in whichever worker is free")
local pairs_of = {}
for index = 1, 50 do pairs_of[index] = table.pack(index, 1000) end
local sums = pool.map(library.add, pairs_of)
check.equal(#sums, 50, "one result for each")
check.equal(sums[1], 1001, "the first")
check.equal(sums[50], 1050, "the last")
check.equal(#pool.map(library.rest, {}), 0, "of nothing, nothing")

-- Calls run at the same time, one in each worker.
local futures = {}
for index = 1, 4 do futures[index] = pool.async(library.rest, 1000) end
check.equal(pool.stats().busy, 2, "two run")
check.equal(pool.stats().waiting, 2, "two wait")
check.truthy(tostring(futures[4]):find "waiting", "as text: " .. tostring(futures[4]))
check.equal(futures[4]:cancel(), true, "one is called off")
check.raises("interrupted", "cancelled", futures[4].wait, futures[4])
check.equal(futures[1]:wait(), 1000, "the first has returned")
check.raises("timeout", "rest", futures[3].wait, futures[3], 0.01)
check.equal(futures[3]:wait(), 1000, "the third")
check.equal(futures[3]:wait(), 1000, "its result stays")
check.equal(futures[2]:wait(), 1000, "the second")
local all = dll.wait_all { pool.async(library.add, 1, 2), pool.async(library.add, 3, 4) }
check.equal(all[1] + all[2], 10, "dll.wait_all takes them")
local one, other = pool.async(library.rest, 100), pool.async(library.process)
check.equal(one:done(), false, "it does not wait")
check.truthy(other:wait() ~= 100, "another process meanwhile")
check.equal(one:wait(), 100, "and then this one")

-- A crash is the error of one call.
local crash = pool.async(library.crash)
check.raises("crash", "crash", crash.wait, crash)
local failed = check.raises("crash", { "element 1", "crash" }, pool.map, library.crash, { table.pack(), table.pack() })
check.equal(failed.index, 1, "which element")
check.equal(failed.func, "crash", "the function")
check.equal(library.add(2, 3), 5, "the pool goes on")
local mistake = check.raises("type", { "element 3", "integer" }, pool.map, library.rest, { 1, 2, "three" })
check.equal(mistake.index, 3, "which element is wrong")

-- Sessions: the same key has the same worker, and nobody else has it.
local first, second = pool.session "a", pool.session "b"
check.truthy(first == pool.session "a" and first ~= second, "each has its own")
first.load(path).initialise(1)
check.equal(pool.session("b").load(path).is_initialised(), 0, "its own state")
check.equal(pool.session("a").load(path).is_initialised(), 1, "which lasts")
check.raises("range", { "all 2 workers", "pool.release" }, pool.session, "c")
check.equal(pool.release "a", true, "one is given back")
check.equal(pool.release "a", false, "once")
check.equal(pool.session "c", first, "and goes to the next")
pool.release "b"
pool.release "c"

-- A pool that grows with its work and shrinks without.
local elastic <close> = dll.pool { min = 1, max = 3, idle = 0.05 }
library = elastic.load(path)
check.equal(elastic.stats().size, 1, "the least")
futures = {}
for index = 1, 4 do futures[index] = elastic.async(library.rest, 500) end
check.equal(elastic.stats().size, 3, "the most")
dll.wait_all(futures)
library.rest(200)
check.equal(elastic.stats().size, 1, "the least again")

-- The options of workers hold for each.
local hasty <close> = dll.pool { size = 1, deadline = 0.1, recycle = { calls = 100 } }
library = hasty.load(path)
check.raises("timeout", "rest", library.rest, 5000)
check.equal(library.add(1, 2), 3, "it goes on")

-- A worker that does not restart is passed over while another lives, also if that is busy, and says what it died of afterwards.
local mortal <close> = dll.pool { size = 2, restart = "never" }
library = mortal.load(path)
check.raises("crash", "crash", library.crash)
for count = 1, 4 do check.equal(library.add(count, 1), count + 1, "the other one answers") end
local busy = mortal.async(library.rest, 200)
check.equal(mortal.async(library.add, 2, 3):wait(), 5, "who comes meanwhile waits for it")
busy:wait()
local kept = mortal.session "a"
check.equal(kept:ended(), false, "a session has the one that lives")
check.raises("worker_lost", "does not restart", library.add, 2, 3)
mortal.release "a"
check.raises("crash", "crash", library.crash)
check.raises("worker_lost", "does not restart", library.add, 2, 3)
kept:restart()
check.equal(library.add(2, 3), 5, "until one is told to")

-- Its end.
local running = pool.async(pool.load(path).rest, 60000)
pool.close()
check.raises("interrupted", "rest", running.wait, running)
check.raises("worker_lost", "closed", pool.load, path)

-- Mistakes.
check.raises("type", { "dll.pool", "size", "0" }, dll.pool, { size = 0 })
check.raises("type", { "siz", "unknown option" }, dll.pool, { siz = 3 })
check.raises("type", "size excludes min and max", dll.pool, { size = 1, max = 2 })
check.raises("range", "min exceeds max", dll.pool, { min = 3, max = 2 })
check.raises("type", { "idle", "seconds" }, dll.pool, { idle = "long" })
check.raises("type", "table of options", dll.pool, 3)
check.raises("type", { "pool.map", "function of a library that this pool has loaded" }, elastic.map, print, {})
check.raises("type", { "pool.map", "list" }, elastic.map, elastic.load(path).add, 5)
check.raises("type", "session", function() elastic.load(path).add = 5 end)
check.raises("declaration", "undeclared", function() return elastic.load(path).undeclared end)

check.finish()
