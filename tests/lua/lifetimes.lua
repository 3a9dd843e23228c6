-- Libraries with threads and processes of their own: the host hears of its worker alone, and waits for nobody else.
local check = require "check"
-- It ends its worker more often than a library may that is not left alone.
local library = check.library("lifetimes", { breaker = false })

dll.cdef [[
  int lifetimes_add(int a, int b);
  int leave_a_thread_in_a_read(void);
  int fork_and_abort(void);
  int fork_and_stay(void);
  int fork_and_return(void);
  int fork_and_call(int (*callback)(int value));
  void kill_process(void);
  void crash_in_a_thread(void);
  void access_misaligned(void);
  int break_into_debugger(void);
  void end_thread(void);
]]

local add = library.lifetimes_add
check.equal(add(2, 3), 5, "a plain call")

-- A trap is a crash; where Wine ends the thread alone, it is at least the worker's end.
local trapped = select(2, pcall(library.break_into_debugger))
check.truthy(trapped.kind == "crash" or (check.is_pe and trapped.kind == "worker_lost"), "a trap: " .. tostring(trapped))
check.equal(trapped.func, "break_into_debugger", "the function that trapped")
if not check.is_pe then
  check.contains(tostring(trapped), "SIGTRAP", "the signal's name")
end
check.equal(add(2, 3), 5, "a new worker")

if check.is_pe then
  local lost = check.raises("worker_lost", "end_thread", library.end_thread)
  check.equal(lost.code, 7, "the thread's exit code")
  check.equal(add(2, 3), 5, "a new worker")
else
  check.equal(library.leave_a_thread_in_a_read(), 1, "a thread that holds a stream is not waited for")
  check.equal(add(2, 3), 5, "nor by the next call")

  -- What a forked process does is not the worker's doing.
  check.equal(library.fork_and_abort(), 1, "a child that aborts")
  check.equal(library.fork_and_return(), 1, "a child that returns answers nothing")
  local values = {}
  check.equal(library.fork_and_call(function(value)
    values[#values + 1] = value
    return value
  end), 2, "a child that calls a callback")
  check.equal(table.concat(values, " "), "2", "it is heard by nobody")
  check.equal(add(3, 4), 7, "the worker goes on")

  -- A child that stays does not hide the worker's end.
  check.equal(library.fork_and_stay(), 1, "a child that stays")
  local started = os.time()
  local lost = check.raises("worker_lost", { "kill_process", "SIGKILL" }, library.kill_process)
  check.truthy(os.time() - started <= 2, "the end is seen at once")
  check.equal(lost.code, 9, "the signal")
  check.equal(lost.started, "yes", "nothing was reported, but the shared memory tells")
  check.equal(add(2, 3), 5, "a new worker")

  local fault = check.raises("crash", "SIGSEGV", library.access_misaligned)
  check.equal(fault.address, nil, "a fault without an address has none")
  check.equal(add(2, 3), 5, "a new worker")

  -- A fault of another thread is told by the next call, which may have been taken up by then: the shared memory knows.
  library.crash_in_a_thread()
  local deadline = os.time() + 10
  local ok, found
  repeat
    ok, found = pcall(add, 2, 3)
  until not ok or os.time() > deadline
  check.equal(ok, false, "the crash is told")
  check.equal(found.kind, "crash", "as a crash")
  check.truthy(found.started == "yes" or found.started == "no", "and whether the call had started: " .. found.started)
  check.equal(add(2, 3), 5, "a new worker")
end

check.finish()
