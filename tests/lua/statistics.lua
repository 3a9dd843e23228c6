-- dll.stats: workers and functions in figures.
local check = require "check"

dll.cdef "int add(int a, int b); void crash(void); int rest(int milliseconds); const char *variable(const char *name);"
local path = check.path "conditions"
local scope <close> = dll.worker { name = "scope" }
check.equal(#scope.stats().workers, 0, "nothing was started")
local library = scope.load(path)
for _ = 1, 1000 do library.add(1, 2) end
library.rest(20)
check.raises("crash", "crash", library.crash)
check.equal(library.add(1, 2), 3, "it goes on")

local workers = scope.stats().workers
check.equal(#workers, 1, "one worker")
local worker = workers[1]
check.equal(worker.name, "scope", "its name")
check.equal(worker.starts, 2, "starts")
check.equal(worker.deaths, 1, "deaths")
check.equal(worker.recycled, 0, "recycled")
check.equal(worker.running, true, "running")
check.equal(worker.calls, 1003, "calls")
check.truthy(worker.requests > worker.calls, "requests beside the calls")
check.truthy(worker.sent > 5000 and worker.received > 3000, "bytes: " .. worker.sent .. " " .. worker.received)
check.truthy(worker.memory == nil or worker.memory > 100000, "memory: " .. tostring(worker.memory))

local functions = {}
for _, entry in ipairs(worker.functions) do functions[entry.name] = entry end
check.equal(functions.add.calls, 1001, "calls of add")
check.equal(functions.add.errors, 0, "errors of add")
check.truthy(functions.add.library:find "conditions", "the library")
check.truthy(functions.add.p50 > 0 and functions.add.p50 <= functions.add.p99, "quantiles of add")
check.truthy(functions.add.p50 < 0.02, "add is no slow function: " .. functions.add.p50)
check.equal(functions.crash.calls, 1, "calls of crash")
check.equal(functions.crash.errors, 1, "errors of crash")
check.truthy(functions.rest.p99 >= 0.0175, "rest takes its time: " .. functions.rest.p99)

-- Text that goes along counts.
local before = scope.stats().workers[1].sent
check.equal(library.variable(("x"):rep(100000)), nil, "a long name")
check.truthy(scope.stats().workers[1].sent - before >= 100000, "its bytes were sent")

-- dll.stats tells of all workers.
local names = {}
for _, entry in ipairs(dll.stats().workers) do names[entry.name or "default"] = entry end
check.equal(names.scope.calls, scope.stats().workers[1].calls, "this one among them")
check.truthy(math.type(dll.stats().spares) == "integer", "spares")

check.finish()
