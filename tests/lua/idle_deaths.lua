-- A worker that dies while nobody uses it: whatever touches it next reports that once, and all goes on in a new one. What cannot
-- raise an error leaves the report to the next call.
local check = require "check"

dll.cdef [[
  int add(int a, int b);
  int initialise(int how);
  int is_initialised(void);
  unsigned int process(void);
  int kill_wholly(unsigned int process);
  int rest(unsigned int microseconds);
  const char *string_static(void);
  int sum_ints(const int *values, int count);
  extern int global_count;
  extern int global_table[4];
  int operation_add(int a, int b);
  int (*choose_operation(const char *name))(int a, int b);
  int sum_of_ints(int count, ...);
  struct device *device_open(int number);
  int device_number(const struct device *device);
  void device_close(struct device *device);
  int call_int(int (*callback)(int value), int value);
  struct point { int x, y; };
  struct point map_point(struct point (*map)(struct point point, int factor), struct point point, int factor);
  int abs(int value);
  enum { A_CONSTANT = 5 };
]]

local killers <close> = dll.worker { name = "killer" }
local killer = killers.load(check.path "killer")

-- Ends the process of a worker, and waits until it has ended.
local function kill(module, process)
  check.equal(killer.kill_wholly(process), 1, "killed")
  -- For Wine a process has ended before it has for Linux, from where its memory can be read until then.
  while check.configuration == "wine_worker" and (module.stats().workers[1].memory or 0) > 0 do
    killer.rest(1000)
  end
end

-- A worker with its libraries, none of whose names was used yet.
local function fresh(module)
  local own = module.load(check.path "conditions", { breaker = false })
  own.initialise(1)
  local process = own.process()
  return {
    module = module,
    process = process,
    own = module.load(check.path "conditions", { breaker = false }),
    calls = module.load(check.path "calls", { breaker = false }),
    globals = module.load(check.path "globals", { breaker = false }),
    callbacks = module.load(check.path "callbacks", { breaker = false }),
  }
end

-- What touches the worker: its name, whether it reports the death (HERE), leaves it to the next call (NEXT), or is no use of what was
-- lost, and a function that prepares it while the worker lives and gives the function that touches it.
local HERE, NEXT, NEVER = "here", "next", "never"
-- Where no memory is shared, the worker is asked for what is in its objects.
local MEMORY = killers.stats().workers[1].link == "plain channel" and HERE or NEXT
local function directly(touch) return function(worker) return function() return touch(worker) end end end

local entries = {
  -- Calls, of functions that were named before and of others.
  { "a call", HERE, function(w) local add = w.own.add return function() return add(1, 2) end end },
  { "a first call", HERE, directly(function(w) return w.own.add(1, 2) end) },
  { "dll.call", HERE, directly(function(w) return w.module.call({}, w.own.add, 1, 2) end) },
  { "dll.call with a deadline", HERE, directly(function(w) return w.module.call({ deadline = 30 }, w.own.add, 1, 2) end) },
  { "dll.call with a deadline, named before", HERE, function(w)
    local add = w.own.add
    return function() return w.module.call({ deadline = 30 }, add, 1, 2) end
  end },
  { "dll.call that tries again", NEVER, directly(function(w) return w.module.call({ retry = 1, idempotent = true }, w.own.add, 1, 2) end) },
  { "dll.async", HERE, directly(function(w) return w.module.async(w.own.add, 1, 2) end) },
  { "dll.async, named before", HERE, function(w) local add = w.own.add return function() return w.module.async(add, 1, 2) end end },
  { "dll.batch", HERE, directly(function(w) return w.module.batch(function(call) call(w.own.add, 1, 2) end) end) },
  { "dll.batch, named before", HERE, function(w)
    local add = w.own.add
    return function() return w.module.batch(function(call) call(add, 1, 2) call(w.calls.add, 3, 4) end) end
  end },
  { "a variadic call", HERE, directly(function(w) return w.globals.sum_of_ints(2, 1, 2) end) },
  { "a variadic call, made before", HERE, function(w)
    w.globals.sum_of_ints(2, 1, 2)
    return function() return w.globals.sum_of_ints(2, 1, 2) end
  end },
  { "a call through a pointer", HERE, function(w)
    local pointer = w.globals.choose_operation "add"
    return function() return pointer(1, 2) end
  end },
  { "a call with text", HERE, directly(function(w) return w.globals.choose_operation "add" end) },
  { "a call with a callback", HERE, directly(function(w) return w.callbacks.call_int(function(value) return value end, 1) end) },
  { "a call with a struct", HERE, directly(function(w) return w.callbacks.map_point(function(point) return point end, { 1, 2 }, 3) end) },
  { "a call with an object", HERE, function(w)
    local numbers = w.module.new("int[2]", { 1, 2 })
    return function() return w.calls.sum_ints(numbers, 2) end
  end },
  { "dll.C", HERE, directly(function(w) return w.module.C.abs(-1) end) },

  -- Names: using one is no call, and happens outside of pcall(library.name).
  { "a name", NEXT, directly(function(w) local _ = w.own.add end) },
  { "two names", NEXT, directly(function(w) local _, _ = w.own.add, w.globals.operation_add end) },
  { "a function as text", NEXT, directly(function(w) return tostring(w.own.add) end) },
  { "a name that is kept", HERE, directly(function(w) local add = w.own.add return add(1, 2) end) },
  { "a constant", NEXT, directly(function(w) return w.own.A_CONSTANT end) },
  { "a name that is not declared", NEXT, directly(function(w) pcall(function() return w.own.undeclared end) end) },
  { "dll.exports", NEXT, directly(function(w) return w.module.exports(w.own) end) },
  { "dll.check", HERE, directly(function(w) w.module.check(w.own, "add", "negative") end) },
  { "dll.check, named before", NEXT, function(w)
    local _ = w.own.add
    return function() w.module.check(w.own, "add", "negative") end
  end },
  { "dll.cast of a function", HERE, directly(function(w) return w.module.cast("void *", w.own.add) end) },
  { "dll.cast of a function to a number", HERE, directly(function(w) return w.module.cast("uintptr_t", w.own.add) end) },
  { "dll.symbol of a function", HERE, directly(function(w) return w.module.symbol(w.own, "add", "int (int, int)") end) },
  { "dll.symbol of an object", HERE, directly(function(w) return w.module.symbol(w.globals, "global_count", "int") end) },

  -- Variables.
  { "a variable", HERE, directly(function(w) return w.globals.global_count end) },
  { "a variable, read before", HERE, function(w)
    local _ = w.globals.global_count
    return function() return w.globals.global_count end
  end },
  { "a variable that is set", HERE, directly(function(w) w.globals.global_count = 1 end) },
  { "a variable that is set, read before", HERE, function(w)
    local _ = w.globals.global_count
    return function() w.globals.global_count = 1 end
  end },
  { "an element of a variable", HERE, function(w)
    local table_of_library = w.globals.global_table
    return function() return table_of_library[1] end
  end },
  { "an element of a variable that is set", HERE, function(w)
    local table_of_library = w.globals.global_table
    return function() table_of_library[1] = 1 end
  end },

  { "the elements of a variable", HERE, function(w)
    local table_of_library = w.globals.global_table
    return function() for _ in ipairs(table_of_library) do end end
  end },
  { "arithmetic with an object of a library", HERE, function(w)
    local number = w.module.symbol(w.globals, "global_count", "int")
    return function() return number + 1 end
  end },
  { "an object as an argument", HERE, function(w)
    local number = w.module.symbol(w.globals, "global_count", "int")
    return function() return w.own.add(number, 1) end
  end },
  { "a copy of an object of a library", HERE, function(w)
    local table_of_library = w.globals.global_table
    w.module.new "int[4]"
    return function() return w.module.new("int[4]", table_of_library) end
  end },
  { "an object of a library as text", NEXT, function(w)
    local number = w.module.symbol(w.globals, "global_count", "int")
    return function() return tostring(number) .. tostring(w.globals) end
  end },

  -- Libraries.
  { "dll.load", HERE, directly(function(w) return w.module.load(check.path "concurrent") end) },
  { "dll.load of the same", HERE, directly(function(w) return w.module.load(check.path "calls").add(1, 2) end) },

  -- Memory. What is shared is there as long as the death was not noticed.
  { "dll.new", HERE, directly(function(w) return w.module.new("int[4]") end) },
  { "dll.new where there is room", MEMORY, function(w)
    w.module.new("int[4]")
    return function() return w.module.new("int[4]") end
  end },
  { "an object", MEMORY, function(w)
    local numbers = w.module.new("int[2]", { 5, 6 })
    return function() numbers[0] = numbers[1] end
  end },
  { "dll.cast of a number", NEXT, directly(function(w) return w.module.cast("char *", 4096) end) },
  { "dll.string", HERE, function(w)
    local text = w.module.symbol(w.globals, "global_title", "char[16]")
    return function() return w.module.string(text) end
  end },
  { "dll.string with a length", HERE, function(w)
    local text = w.module.symbol(w.globals, "global_title", "char[16]")
    return function() return w.module.string(text, 3) end
  end },
  { "dll.read of an address", HERE, function(w)
    local address = w.module.cast("uintptr_t", w.globals.global_table)
    return function() return w.module.read(address, 4) end
  end },
  { "dll.write", HERE, function(w)
    local place = w.globals.global_table
    return function() w.module.write(place, "text") end
  end },
  { "dll.fill", HERE, function(w)
    local place = w.globals.global_table
    return function() w.module.fill(place, 4) end
  end },
  { "dll.copy", HERE, function(w)
    local place, object = w.globals.global_table, w.module.new "int[4]"
    return function() w.module.copy(object, place, 4) end
  end },
  { "dll.hexdump", HERE, function(w)
    local place = w.globals.global_table
    return function() return w.module.hexdump(place) end
  end },

  -- Callbacks.
  { "dll.callback", HERE, directly(function(w) return w.module.callback("int (*)(int)", function(value) return value end) end) },
  { "a callback that is freed", NEXT, function(w)
    local callback = w.module.callback("int (*)(int)", function(value) return value end)
    return function() callback:set(print) callback:free() end
  end },
  { "dll.poll", HERE, directly(function(w) return w.module.poll(0) end) },

  -- Error numbers.
  { "dll.errno", NEXT, directly(function(w) return w.module.errno() end) },
  { "dll.errno that is set", HERE, directly(function(w) w.module.errno(5) end) },
  { "dll.lasterror", HERE, directly(function(w) return w.module.lasterror() end) },

  -- Calls beside others. What becomes of one that was under way is its own.
  { "future:done", NEXT, function(w)
    local future = w.module.async(w.own.add, 1, 2)
    return function() check.equal(future:done(), true, "it is over") end
  end },
  { "future:cancel", NEXT, function(w)
    local future = w.module.async(w.own.add, 1, 2)
    return function() check.equal(future:cancel(true), false, "it is over") end
  end },
  { "dll.wait_any", NEXT, function(w)
    local future = w.module.async(w.own.add, 1, 2)
    return function() check.equal(w.module.wait_any { future }, 1, "it is over") end
  end },

  -- What the collector runs reaches nobody.
  { "a finalizer of a library", NEXT, function(w)
    w.module.gc(w.globals.device_open(3), w.globals.device_close)
    return collectgarbage
  end },
  { "a finalizer in Lua", NEXT, function(w)
    local add = w.own.add
    w.module.gc(w.module.new "int", function() add(1, 2) end)
    return collectgarbage
  end },
  { "finalizers one after the other", NEXT, function(w)
    for _ = 1, 3 do w.module.gc(w.module.new "int", function() return w.own.add(1, 2) end) end
    return collectgarbage
  end },
  { "a table with __gc", NEXT, function(w)
    setmetatable({}, { __gc = function() w.own.add(1, 2) end })
    return collectgarbage
  end },
  { "the end of a block", HERE, function(w)
    local device = w.module.gc(w.globals.device_open(3), w.globals.device_close)
    return function() local _ <close> = device end
  end },

  -- Figures.
  { "dll.stats", NEXT, directly(function() return dll.stats() end) },
  { "its own figures", NEXT, directly(function(w) return w.module.stats() end) },
  { "whether it has ended", NEXT, directly(function(w) return w.module.ended() end) },

  -- Ends that a script has asked for.
  { "a restart", NEVER, directly(function(w) w.module:restart() end) },
  { "a restart after a name", NEVER, directly(function(w) local _ = w.own.add w.module:restart() end) },
}

local REFUSED = "does not restart by itself"

-- The reports among what some calls came to.
local function count(reports, entry, ok, failure)
  if ok or (failure.kind == "stale") or tostring(failure):find(REFUSED, 1, true) then return reports end
  check.truthy(failure.kind == "worker_lost" or failure.kind == "crash", entry .. ": " .. tostring(failure.kind) .. ", " .. tostring(failure))
  check.equal(failure.started, "no", entry .. ": started, of " .. tostring(failure))
  return reports + 1
end

local function report_once(module, entry, where, prepare)
  local worker = fresh(module)
  local touch = prepare(worker)
  kill(module, worker.process)
  local reports = count(0, entry, pcall(touch))
  check.equal(reports, where == HERE and 1 or 0, entry .. ": what it reports itself")
  for _ = 1, 3 do
    reports = count(reports, entry, pcall(function() return worker.own.is_initialised() end))
  end
  check.equal(reports, where == NEVER and 0 or 1, entry .. ": reports in all")
end

local restarting <close> = dll.worker { name = "restarting" }
for _, entry in ipairs(entries) do
  report_once(restarting, table.unpack(entry))
  check.equal(restarting.load(check.path "conditions").is_initialised(), 0, entry[1] .. ": afterwards it is another worker")
end

-- A worker that stays ended reports its death before it refuses calls. Under Wine, where starts take long, a few have to do.
local mortal <close> = dll.worker { name = "mortal", restart = "never" }
for index, entry in ipairs(entries) do
  local name, where, prepare = table.unpack(entry)
  if where ~= NEVER and (not check.is_pe or index % 5 == 0) then
    report_once(mortal, name, where, prepare)
    check.equal(mortal.ended(), true, name .. ": it stays ended")
    check.raises("worker_lost", REFUSED, mortal.load, check.path "conditions")
    mortal:restart()
  end
end

-- The one who waits for a call that was under way is told what became of that call, and nobody else is told again.
local worker = fresh(restarting)
local future, other = restarting.async(worker.own.add, 1, 2), restarting.async(worker.own.add, 3, 4)
kill(restarting, worker.process)
check.equal(check.raises("worker_lost", "add", future.wait, future).started, "yes", "it was under way")
check.equal(worker.own.is_initialised(), 0, "the next call knows nothing of it")
check.raises("worker_lost", "add", other.wait, other)
check.equal(worker.own.is_initialised(), 0, "nor the one after the other call")

-- A function that was named while its worker was dead is as good as any, and one that does not exist is found out by its call.
dll.cdef "int exported_by_nobody(void);"
worker = fresh(restarting)
kill(restarting, worker.process)
local add, nothing = worker.own.add, worker.own.exported_by_nobody
check.raises("worker_lost", "add", add, 1, 2)
check.equal(add(1, 2), 3, "a function that was named meanwhile")
check.raises("symbol", "exported_by_nobody", nothing)
check.raises("symbol", "exported_by_nobody", function() return worker.own.exported_by_nobody end)

-- What is to be done after a restart comes after the report.
local restarts = 0
restarting.on_restart(function() restarts = restarts + 1 end)
worker = fresh(restarting)
restarts = 0
kill(restarting, worker.process)
check.raises("worker_lost", "is_initialised", worker.own.is_initialised)
check.equal(restarts, 0, "the call that reports it")
check.equal(worker.own.is_initialised(), 0, "the next one")
check.equal(restarts, 1, "the call after it")
restarting.on_restart(nil)

-- A callback that only names a function of a worker that has died leaves it to the call that it serves.
worker = fresh(restarting)
local died = check.raises("worker_lost", "call_int", worker.callbacks.call_int, function(value)
  kill(restarting, worker.process)
  local _ = worker.own.add
  return value
end, 1)
check.equal(died.started, "yes", "the call was under way")
check.equal(worker.own.is_initialised(), 0, "and nobody else reports it")

-- One that would have been replaced before the call anyway is no loss.
local worn <close> = dll.worker { name = "worn", recycle = { calls = 1 } }
local brief = worn.load(check.path "conditions", { breaker = false })
kill(worn, brief.process())
check.equal(brief.add(1, 2), 3, "a call in the one that takes its place")

-- In a pool it is the error of the call that was to be made there; the worker takes its place again.
local pool <close> = dll.pool { size = 1 }
local pooled = pool.load(check.path "conditions", { breaker = false })
check.equal(pooled.add(1, 2), 3, "it runs")
kill(pool, pooled.process())
died = check.raises("worker_lost", "add", pooled.add, 1, 2)
check.equal(died.started, "no", "it was not begun")
check.equal(pooled.add(1, 2), 3, "the next one")

-- The module's own worker is one as well.
local library = check.library("conditions", { breaker = false })
kill(dll.of(library), library.process())
check.equal(check.raises("worker_lost", "add", function() return dll.call({ deadline = 30 }, library.add, 1, 2) end).started, "no", "not begun")
check.equal(library.add(1, 2), 3, "the next call")

check.finish()
