-- Every way in which a library ends its process, each in a call, on a thread of the library's own and in a call that a
-- callback makes: the right error every time, and the next call works.
local check = require "check"
local bad = check.library("crashes", { breaker = false })
local faults = dofile(arg[0]:gsub("crashes%.lua$", "fault_table.lua"))

dll.cdef [[
  void crash(int fault);
  void crash_in_thread(int fault);
  void call_back(void (*callback)(int), int argument);
  int add_text(int number, const char *text, const char *longer);
  int can_throw(void);
]]

-- Each is done several times in a row; RUNTIME64_TEST_ROUNDS asks for more.
local rounds = tonumber(os.getenv "RUNTIME64_TEST_ROUNDS") or 2
local is_plain = os.getenv "RUNTIME64_LINK" == "plain"
local can_throw = bad.can_throw() ~= 0

local places = {
  { what = "in a call", run = bad.crash, func = "crash", thread = "call" },
  { what = "on a thread of the library's own", run = bad.crash_in_thread, func = "crash_in_thread", thread = "library" },
  {
    what = "in a call of a callback",
    func = "crash",
    thread = "call",
    run = function(number)
      bad.call_back(function(argument) bad.crash(argument) end, number)
    end,
  },
}

for _, place in ipairs(places) do
  for _, fault in ipairs(faults) do
    if fault.cause ~= "C++ exception" or can_throw then
      for round = 1, rounds do
        local what = ("%s, %s, round %d"):format(fault.name, place.what, round)
        local raised = select(2, pcall(place.run, fault.number))
        faults.verify(check, fault, raised, what)
        check.equal(raised.func, place.func, what .. ": func")
        -- What says nothing at its end leaves nothing on a plain channel either.
        local started = is_plain and fault.name == "exit at once" and "unknown" or "yes"
        check.equal(raised.started, started, what .. ": started")
        check.equal(raised.call, ("%s(%d)"):format(place.func, fault.number), what .. ": call")
        if raised.kind == "crash" then
          check.equal(raised.thread, place.thread, what .. ": thread")
          check.contains(raised.detail, "call: " .. raised.call, what .. ": detail")
        end
        check.truthy(bad.can_throw() ~= nil, what .. ": the next call works")
      end
    end
  end
end

-- The arguments are told as the script gave them, long ones shortened.
local long = ("x"):rep(100)
local raised = select(2, pcall(bad.add_text, 3, "a\n\"b\"", long))
check.equal(raised.kind, "crash", "a call with texts")
check.equal(raised.call, 'add_text(3, "a\\n\\"b\\"", "' .. long:sub(1, 40) .. '…")', "its arguments")
check.contains(tostring(raised), { "reading 0x00000010", "add_text+0x", "the next call starts a new worker" }, "its message")
check.equal(tostring(raised):find("\n", 1, true), nil, "the message is one line")

-- So are those of a call that goes on beside the script, and of one in a batch.
local future = dll.async(bad.add_text, 4, "a", "b")
raised = select(2, pcall(future.wait, future))
check.equal(raised.kind, "crash", "a future")
check.equal(raised.call, 'add_text(4, "a", "b")', "the call of a future")
check.contains(raised.detail, 'call: add_text(4, "a", "b")', "the report of a future")
raised = select(2, pcall(dll.batch, function(call)
  local there = call(bad.can_throw)
  call(bad.add_text, there, "a", "b")
  call(bad.can_throw)
end))
check.equal(raised.kind, "crash", "a batch")
check.equal(raised.index, 2, "the call of the batch that crashed")
check.equal(raised.func, "add_text", "its function")
check.equal(raised.call, 'add_text(the result of call 1, "a", "b")', "its arguments")
check.contains(tostring(raised), { "call 2 of the batch: ", "add_text crashed" }, "its message")

check.finish()
