-- dll.worker: a module with workers of its own, under conditions of its own.
local check = require "check"

dll.cdef [[
  int add(int a, int b);
  int initialise(int how);
  int is_initialised(void);
  unsigned int process(void);
  const char *variable(const char *name);
  const char *directory(void);
  int priority(void);
  int allocate(int mebibytes);
  int rest(int milliseconds);
  void crash(void);
  void leave(int code);
  int read_first(const int *numbers);
  int sum(const int *numbers, int count);
]]

local path = check.path "conditions"
local shared = dll.load(path)

-- Its libraries share nothing with those of others.
local scope = dll.worker { name = "scope" }
local own = scope.load(path)
check.equal(scope.name, "scope", "its name")
check.equal(tostring(scope), "dll worker 'scope'", "as text")
check.truthy(own.process() ~= shared.process(), "another process")
check.equal(own.initialise(7), 7, "its state")
check.equal(shared.is_initialised(), 0, "is its own")
check.equal(scope.load(path).is_initialised(), 7, "the same library again")
check.equal(scope.sizeof "long", dll.of(shared).sizeof "long", "types are the same")

-- What belongs to one worker is refused by another, by their names.
dll.cdef "int strcmp(const char *a, const char *b); void *memset(void *at, int value, size_t count);"
local object = scope.new("int[4]", { 1, 2, 3, 4 })
local refused = check.raises("stale", { "memset", "worker 'scope'", "is not valid in" }, dll.of(shared).C.memset, object, 0, 16)
check.equal(refused.func, "memset", "the function that refused it")
check.equal(object[2], 3, "it is untouched")

-- A crash of one is no affair of the other's.
check.raises("crash", "crash", own.crash)
check.equal(shared.is_initialised(), 0, "the other worker lives")
check.equal(own.is_initialised(), 0, "this one starts anew")
local stale = check.raises("stale", { "has exited", "crash crashed" }, function() return object[0] end)
check.truthy(tostring(stale):find("its memory is gone", 1, true), "what became of it: " .. tostring(stale))

-- Its end.
local before = own.process()
scope:restart()
check.truthy(own.process() ~= before, "a new process after restart")
scope:close()
check.raises("worker_lost", { "worker 'scope'", "was closed" }, own.process)
check.raises("worker_lost", "was closed", function() return own.add(1, 2) end)
check.raises("worker_lost", "was closed", scope.load, path)
do
  local short <close> = dll.worker()
  own = short.load(path)
  check.equal(own.add(2, 3), 5, "a worker without options")
  check.truthy(short.name:find("^worker %d+$"), "has a name all the same: " .. short.name)
end
check.raises("worker_lost", "closed", own.add, 1, 2)

-- restart = "never": it stays ended, and says what it died of.
local once <close> = dll.worker { name = "once", restart = "never" }
check.equal(once:ended(), false, "it has not begun")
own = once.load(path)
check.equal(once:ended(), false, "it lives")
check.raises("crash", "crash", own.crash)
check.equal(once:ended(), true, "it stays ended")
check.raises("worker_lost", { "crash crashed", "does not restart" }, own.crash)
check.raises("worker_lost", "does not restart", function() return own.add(1, 2) end)
once:restart()
check.equal(own.add(1, 2), 3, "until it is told to")
check.equal(once:ended(), false, "it lives again")

-- on_restart runs before the next call, also before that of another function, and again until it succeeds.
local seen, fails = {}, false
local restarting <close> = dll.worker {
  on_restart = function(worker)
    seen[#seen + 1] = worker.name
    if fails then error("no device", 0) end
    own.initialise(#seen)
  end,
  name = "device",
}
own = restarting.load(path)
check.equal(own.is_initialised(), 0, "it does not run at the first start")
check.raises("crash", "crash", own.crash)
check.equal(own.is_initialised(), 1, "it ran before this call")
fails = true
check.raises("crash", "crash", own.crash)
local ok, failure = pcall(own.is_initialised)
check.truthy(not ok and tostring(failure):find "no device", "its error is the call's: " .. tostring(failure))
fails = false
check.equal(own.is_initialised(), 3, "it ran again")
check.equal(table.concat(seen, " "), "device device device", "how often it ran, and what it was given")
restarting.on_restart(nil)
check.raises("crash", "crash", own.crash)
check.equal(own.is_initialised(), 0, "it is not run any more")

-- Recycling: after so many calls a fresh process takes its place, between two calls.
local worn <close> = dll.worker { recycle = { calls = 3 } }
own = worn.load(path)
local processes = {}
for _ = 1, 9 do processes[own.process()] = true end
local count = 0
for _ in pairs(processes) do count = count + 1 end
check.equal(count, 3, "processes for nine calls")
check.equal(worn.stats().workers[1].recycled, 2, "recycled")
check.equal(worn.stats().workers[1].deaths, 0, "no deaths")

-- Or when it has more memory than it is to have, where the system tells.
local heavy <close> = dll.worker { recycle = { memory = "100M" } }
own = heavy.load(path)
before = own.process()
if heavy.stats().workers[1].memory then
  check.equal(own.allocate(5), 5, "MiB")
  check.equal(own.process(), before, "little is borne")
  check.equal(own.allocate(150), 150, "MiB")
  shared.rest(200)
  check.truthy(own.process() ~= before, "much is not")
  check.equal(heavy.stats().workers[1].recycled, 1, "recycled")
end

-- Conditions.
local bound <close> = dll.worker {
  env = { RUNTIME64_TEST_VALUE = "äöü = 1", RUNTIME64_TEST_MARK2 = 5, HOME = false },
  cwd = check.is_pe and check.configuration == "windows" and "C:\\" or "/",
  priority = "low",
}
own = bound.load(path)
check.equal(own.variable "RUNTIME64_TEST_MARK2", "5", "a number")
check.equal(own.variable "HOME", nil, "removed")
if not check.is_pe then
  check.equal(own.variable "RUNTIME64_TEST_VALUE", "äöü = 1", "any text")
end
check.equal(shared.variable "RUNTIME64_TEST_MARK2", nil, "the others' environment is as it was")
check.contains(own.directory(), check.configuration == "windows" and "C:\\" or check.is_pe and "Z:\\" or "/", "its directory")
-- Wine keeps no priority class of a new process.
if not check.is_pe then
  check.equal(own.priority(), 1, "less of the processors")
  check.equal(shared.priority(), 0, "the others get as much as ever")
end

-- Memory: the library finds that there is no more, and the worker goes on. Wine's jobs bound nothing.
if check.configuration ~= "windows" then
  local small <close> = dll.worker { memory_limit = "192M", name = "small" }
  own = small.load(path)
  local got = own.allocate(1000)
  check.truthy(got > 16 and got < 192, "MiB of 192 that it could have: " .. got)
  check.equal(own.add(2, 3), 5, "it goes on")
  check.raises("crash", { "crash", "192 MiB", "memory_limit" }, own.crash)
end

-- Mistakes.
check.raises("type", { "dll.worker", "nam", "name, arch" }, dll.worker, { nam = "x" })
check.raises("type", { "dll.worker", "option" }, dll.worker, { "x" })
check.raises("type", { "restart", "always", "never", "often" }, dll.worker, { restart = "often" })
check.raises("type", { "priority", "idle", "low", "normal", "high" }, dll.worker, { priority = 3 })
check.raises("type", { "memory_limit", "bytes" }, dll.worker, { memory_limit = "many" })
check.raises("type", { "recycle", "calls" }, dll.worker, { recycle = 5 })
check.raises("type", { "recycle", "call", "calls and memory" }, dll.worker, { recycle = { call = 5 } })
check.raises("type", { "env", "names" }, dll.worker, { env = { "A=B" } })
check.raises("type", { "deadline", "seconds" }, dll.worker, { deadline = "soon" })
check.raises("type", { "on_restart", "function" }, dll.worker, { on_restart = true })
check.raises("type", "table of options", dll.worker, "scope")
check.raises("type", "dll.on_restart", dll.on_restart, 5)
local nowhere <close> = dll.worker { cwd = "/no/such/folder" }
check.raises("worker_start", "no/such/folder", nowhere.load, path)

check.finish()
