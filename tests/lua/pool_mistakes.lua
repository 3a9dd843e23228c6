-- What goes wrong in pools: waits that could not end, callbacks that use their own pool, workers that are closed or dead.
local check = require "check"

dll.cdef [[
  typedef int (*handler)(int code);
  int fire_given(handler handler, int code);
  int square(int value);
  int add(int a, int b);
  int rest(int milliseconds);
  void crash(void);
  unsigned int process(void);
  extern int global_table[4];
]]
local conditions, callbacks = check.path "conditions", check.path "callbacks"

-- All workers are sessions: nobody could make the call, now or later.
do
  local pool <close> = dll.pool { size = 1, name = "kept" }
  local library = pool.load(conditions)
  local worker = pool.session "a"
  check.raises("range", { "add", "all 1 workers", "pool.release" }, library.add, 1, 2)
  check.equal(pool.stats().waiting, 0, "nobody waits for that call any more")
  check.raises("range", { "all 1 workers" }, pool.map, library.add, { table.pack(1, 2) })
  check.equal(pool.stats().waiting, 0, "nor for that list")
  local waiting = pool.async(library.add, 1, 2)
  check.raises("range", "all 1 workers", waiting.wait, waiting)
  check.raises("range", "all 1 workers", dll.wait_any, { waiting })
  check.equal(dll.wait_any({ waiting }, 0.01), nil, "a wait that ends tells nothing")
  local running = worker.async(worker.load(conditions).rest, 50)
  check.equal(dll.wait_any { waiting, running }, 2, "another one is done")
  check.equal(pool.release "a", true, "the worker is given back")
  check.equal(waiting:wait(), 3, "and makes the call")
end

-- A callback may use its pool as long as another worker is free.
do
  local pool <close> = dll.pool { size = 1, name = "single" }
  local library = pool.load(callbacks)
  local inside
  local result = library.fire_given(function(code)
    inside = check.raises("callback", { "square", "every worker" }, library.square, code)
    check.raises("callback", { "pool.session", "every worker" }, pool.session, "a")
    check.raises("callback", { "every worker" }, pool.map, library.square, { 1 })
    return 7
  end, 3)
  check.equal(result, 7, "the callback goes on")
  check.equal(pool.stats().waiting, 0, "nothing is left over")
  local own
  own = pool.async(library.fire_given, function(code)
    check.raises("callback", { "fire_given", "already being waited for" }, own.wait, own)
    check.equal(own:done(), false, "it is not done")
    return code
  end, 4)
  check.equal(own:wait(), 4, "a call that its callback waits for")

  local pair <close> = dll.pool { size = 2 }
  local both = pair.load(callbacks)
  check.equal(both.fire_given(function(code) return both.square(code) end, 5), 25, "the other worker")
  local nested = both.fire_given(function(code)
    return both.fire_given(function(inner)
      check.raises("callback", "every worker", both.square, inner)
      return inner + 1
    end, code + 1)
  end, 1)
  check.equal(nested, 3, "two deep")
end

-- A callback's error is that of its own call, whoever served it.
do
  local pool <close> = dll.pool { size = 2 }
  local library, other = pool.load(callbacks), pool.load(conditions)
  local failing = pool.async(library.fire_given, function() error("no", 0) end, 1)
  check.equal(other.rest(100), 100, "another call")
  check.raises("callback", "no", failing.wait, failing)
  check.raises("callback", "no", failing.wait, failing)
  failing = pool.async(library.fire_given, function() error("no", 0) end, 1)
  local resting = pool.async(other.rest, 50)
  check.truthy(dll.wait_any { failing, resting }, "dll.wait_any takes them")
  check.equal(resting:wait(), 50, "its own result")
  check.raises("callback", "no", failing.wait, failing)
  local mapped = check.raises("callback", { "element 2", "no" }, pool.map, library.fire_given, {
    table.pack(function(code) return code end, 1),
    table.pack(function() error("no", 0) end, 2),
  })
  check.equal(mapped.index, 2, "which element")
end

-- A pool that is closed by a callback ends the call that it belongs to.
do
  local pool = dll.pool { size = 1 }
  local library = pool.load(callbacks)
  check.raises("interrupted", { "fire_given", "cancelled" }, library.fire_given, function(code)
    pool.close()
    check.raises("worker_lost", "closed", library.square, code)
    return code
  end, 1)
  pool = dll.pool { size = 2 }
  library = pool.load(callbacks)
  local function closing(code) pool.close() return code end
  local list = {}
  for index = 1, 4 do list[index] = table.pack(closing, index) end
  check.raises("interrupted", { "element 1", "fire_given" }, pool.map, library.fire_given, list)
  pool.close()
end

-- It can be closed whatever its workers are in, twice, and leaves the error of a block alone.
do
  local pool = dll.pool { size = 3 }
  local library = pool.load(conditions, { breaker = false })
  local crash, resting, done = pool.async(library.crash), pool.async(library.rest, 60000), pool.async(library.add, 1, 2)
  check.equal(done:wait(), 3, "one is done")
  library.rest(300)
  check.truthy(pcall(pool.close), "one is dead and one is busy")
  check.truthy(pcall(pool.close), "twice")
  check.raises("interrupted", "cancelled", resting.wait, resting)
  check.raises("crash", "crash", crash.wait, crash)
  check.equal(resting:cancel(true), false, "it is over")
  local ok, raised = pcall(function()
    local dying <close> = dll.pool { size = 1 }
    local _ = dying.async(dying.load(conditions).crash)
    local other = dll.load(conditions)
    other.rest(200)
    error("its own", 0)
  end)
  check.equal(raised, "its own", "the error of the block")
end

-- A session whose worker is closed is over, and another worker takes its place.
do
  local pool <close> = dll.pool { size = 2 }
  local library = pool.load(conditions)
  local worker = pool.session "a"
  check.equal(worker.closed(), false, "it is open")
  worker:close()
  check.equal(worker.closed(), true, "it is closed")
  check.equal(pool.release "a", false, "the session is over")
  check.equal(library.add(1, 2), 3, "the pool goes on")
  check.equal(pool.load(callbacks).square(3), 9, "with other libraries too")
  check.truthy(pool.session "a" ~= worker, "and has another worker for the key")
  pool.release "a"
  worker = pool.session "b"
  pool.release "b"
  worker.close()
  check.equal(#pool.map(library.add, { table.pack(1, 1), table.pack(2, 2), table.pack(3, 3) }), 3, "one closed after that")
end

-- Dots and colons, keys, and what is no future.
do
  local pool <close> = dll.pool { size = 1 }
  local library = pool:load(conditions)
  check.equal(pool:map(library.add, { table.pack(1, 2) })[1], 3, "map with a colon")
  check.equal(pool:async(library.add, 1, 2):wait(), 3, "async with a colon")
  check.truthy(pool:session "x" == pool.session "x", "session with a colon")
  check.equal(pool:release "x", true, "release with a colon")
  check.equal(pool:stats().size, 1, "stats with a colon")
  local kept = pool.session(false)
  check.truthy(kept == pool.session(false), "false is a key")
  check.raises("range", "are reserved", pool.session, "another")
  check.equal(pool.release(false), true, "which is given back")
  check.raises("type", { "pool.session", "key" }, pool.session)
  check.raises("type", { "pool.release", "key" }, pool.release)
  check.raises("type", "key", pool.session, 0 / 0)
  local future = pool.async(library.add, 1, 2)
  check.raises("type", { "future:wait", "seconds", "x" }, future.wait, future, "x")
  check.raises("type", "seconds", future.wait, future, -1)
  check.raises("type", "a future of a pool", future.wait)
  check.raises("type", "a future of a pool", future.done, 5)
  check.equal(future:wait(10), 3, "it is as it was")
  check.raises("type", "wait_any", dll.wait_any, { {} })
  check.raises("type", { "global_table", "pool.session" }, function() return pool.load(check.path "globals").global_table end)
end

-- Options.
check.raises("type", { "dll.pool: unknown option 'siz'", "size, min, max, idle, name" }, dll.pool, { siz = 3 })
check.raises("type", "dll.pool: option 'deadline'", dll.pool, { deadline = "soon" })
check.raises("type", { "dll.pool: option 'name'", "string" }, dll.pool, { name = {} })
check.raises("type", { "dll.pool: option 'idle'", "seconds" }, dll.pool, { idle = -1 })
check.raises("type", { "dll.pool: option 'size'", "an integer from 1" }, dll.pool, { size = 1 / 0 })
check.raises("type", { "dll.pool: option 'size'", "an integer from 1" }, dll.pool, { size = 1.5 })
check.raises("type", { "dll.pool: option 'max'", "1000" }, dll.pool, { max = 1 << 40 })
check.raises("type", "table of options", dll.pool, false)
do
  local wide <close> = dll.pool { min = 5 }
  check.equal(wide.stats().max, 5, "max follows min")
  local narrow <close> = dll.pool { max = 2 }
  check.equal(narrow.stats().min, 1, "min stays")
end

-- Results that are nil keep their places, and a long list costs no more for each element: else this would not end in time.
do
  local pool <close> = dll.pool { size = 1 }
  local library = pool.load(conditions, { breaker = false })
  local results = pool.map(library.add, { table.pack(1, 2), table.pack(3, 4) })
  check.equal(results.n, 2, "how many there are")
  dll.cdef "void *nothing(int milliseconds) asm(\"rest\");"
  results = pool.map(pool.load(conditions).nothing, { 0, 1, 0 })
  check.equal(results.n, 3, "as many as there were elements")
  check.equal(results[3], nil, "a null pointer")
  local list = {}
  for index = 1, 100000 do list[index] = "wrong" end
  check.raises("type", "element 1:", pool.map, library.rest, list)
  local futures = {}
  pool.session "a"
  for index = 1, 2000 do futures[index] = pool.async(library.rest, 1) end
  for index = 1, 2000 do futures[index]:cancel() end
  check.equal(pool.stats().waiting, 0, "none waits")
end

check.finish()
