-- Callbacks from threads of the library's: those that wait for the script, and those that do not.
local check = require "check"
local library = check.library "callback_threads"
local memory = dll.of(library)

dll.cdef [[
  typedef int (*handler)(int number);
  typedef int (*text_handler)(const char *text, int number);
  struct ticker;
  struct ticker *ticker_start(handler handler, int first, int count, unsigned int interval);
  int ticker_calls(const struct ticker *ticker);
  int ticker_done(const struct ticker *ticker);
  int ticker_join(struct ticker *ticker);
  int ticker_stop(struct ticker *ticker);
  int call_from_thread(handler handler, int first, int count);
  int call_from_two_threads(handler one, handler other, int count);
  int call_from_both(handler handler, int count);
  int call_from_threads(handler handler, int threads, int count);
  int tell_from_thread(text_handler handler, int count);
  int calls_begun(void);
  int triple(int number);
]]

local function sync(f, default)
  return memory.callback("handler", f, { thread = "sync", default = default })
end
local function queue(f, default)
  return memory.callback("handler", f, { thread = "queue", default = default })
end

-- Polls until the condition holds. A poll that waits five seconds for nothing is a failure.
local function poll_until(condition, what)
  local served = 0
  while not condition() do
    local count = memory.poll(5)
    check.truthy(math.type(count) == "integer" and count > 0, what .. ": nothing was served")
    served = served + count
  end
  return served
end

-- ---- "sync": the thread waits for the result ----

-- The caller's thread waits for the other one, which waits for the script: the call serves it.
local twice = sync(function(number) return 2 * number end)
check.equal(library.call_from_thread(twice, 1, 100), 10100, "from a thread, while a call waits for it")
check.equal(library.call_from_thread(twice, 1, 0), 0, "a thread that does not call")

-- From the caller's own thread it is a callback as any other.
check.equal(twice(21), 42, "from the script's own call")

-- Two threads at once, and many. Each is answered with its own result.
local ones, others = 0, 0
local one = sync(function(number)
  ones = ones + 1
  return number
end)
local other = sync(function(number)
  others = others + 1
  return 1000 * number
end)
check.equal(library.call_from_two_threads(one, other, 100), 5050 + 5050000, "from two threads at once")
check.equal(ones, 100, "the calls of one")
check.equal(others, 100, "the calls of the other")
check.equal(library.call_from_threads(twice, 8, 25), 8 * 2 * 325, "from eight threads")
check.equal(library.call_from_both(twice, 50), 2 * 1275 + 2 * (50 * 1000 + 1225), "from a thread and the call's own")

-- A text that is good for the time of the callback.
local texts = {}
local tell = memory.callback("text_handler", function(text, number)
  texts[#texts + 1] = memory.string(text)
  return #texts * 10 + number
end, { thread = "sync" })
check.equal(library.tell_from_thread(tell, 4), 10 + 21 + 32 + 43, "told from a thread")
check.equal(table.concat(texts, ","), "number 0,number 1,number 2,number 3", "the texts")

-- The callback calls the library again.
check.equal(library.call_from_thread(sync(function(number) return library.triple(number) end), 1, 10), 165, "called again")
check.equal(library.call_from_thread(sync(function(number)
  return library.call_from_thread(twice, number, 2)
end), 1, 5), 70, "a thread started from a callback of a thread")

-- A function for the time of the call is enough where the threads end with it.
check.equal(library.call_from_thread(function(number) return number end, 1, 10), 55, "a transient one")

-- Threads that call while no call runs wait for dll.poll.
local seen = {}
local collect = sync(function(number)
  seen[#seen + 1] = number
  return 10 * number
end)
local ticker = library.ticker_start(collect, 1, 20, 0)
local served = poll_until(function() return #seen >= 20 end, "a thread without a call")
check.truthy(served >= 1 and served <= 20, "how many were served: " .. served)
for index = 1, 20 do
  check.equal(seen[index], index, "in order")
end
check.equal(library.ticker_join(ticker), 2100, "what the thread was given")

-- Any call serves them: no poll is needed where the script works with the library anyway.
seen = {}
ticker = library.ticker_start(collect, 1, 20, 0)
for _ = 1, 1000000 do
  if library.ticker_done(ticker) == 1 then
    break
  end
end
check.equal(library.ticker_join(ticker), 2100, "served by calls")
check.equal(#seen, 20, "served by calls")

-- A thread that goes on until it is stopped, in the midst of other work.
seen = {}
ticker = library.ticker_start(collect, 1, -1, 1)
poll_until(function() return #seen >= 5 end, "a thread that goes on")
check.equal(library.triple(5), 15, "other work")
poll_until(function() return #seen >= 10 end, "a thread that goes on")
local sum = library.ticker_stop(ticker)
local expected = 0
for index, number in ipairs(seen) do
  check.equal(number, index, "in order")
  expected = expected + 10 * number
end
check.equal(sum, expected, "each call had its result")

-- dll.poll waits no longer than it is told.
check.equal(memory.poll(0), 0, "nothing waits")
check.equal(memory.poll(0.01), 0, "nothing came")

-- An error in a callback of a thread: the thread is given the default, the error is raised by what served it.
local failing = sync(function(number) error("number " .. number, 0) end, -1)
local ok, raised = pcall(library.call_from_thread, failing, 1, 3)
check.equal(ok, false, "an error in a call")
check.contains(raised, "number 1", "the first error")
-- It fails once the call that starts the thread has returned.
local fails = false
ticker = library.ticker_start(sync(function(number)
  if fails then
    fails = false
    error("number " .. number, 0)
  end
  return 0
end, -1), 7, -1, 1)
fails = true
ok, raised = pcall(function()
  poll_until(function() return false end, "an error in a poll")
end)
check.equal(ok, false, "an error in a poll")
check.contains(raised, "number ", "its words")
check.equal(library.ticker_stop(ticker), -1, "the default")

-- ---- "queue": the thread is answered at once, the function runs later ----

local delivered = {}
local queued = queue(function(number)
  delivered[#delivered + 1] = number
  return 99
end, 7)
check.equal(library.call_from_thread(queued, 1, 10), 70, "the default is the answer")
check.equal(#delivered, 10, "delivered when the call returned")
for index = 1, 10 do
  check.equal(delivered[index], index, "in order")
end

-- While no call runs, they wait for dll.poll; the thread does not.
delivered = {}
ticker = library.ticker_start(queued, 1, 100, 0)
poll_until(function() return #delivered == 100 end, "queued")
for index = 1, 100 do
  check.equal(delivered[index], index, "in order")
end
check.equal(library.ticker_join(ticker), 700, "the defaults")
check.equal(memory.poll(0), 0, "each is delivered once")

-- Without a default the answer is zero.
local silent = queue(function(number) delivered[#delivered + 1] = -number end)
delivered = {}
check.equal(library.call_from_thread(silent, 1, 5), 0, "zero")
check.equal(#delivered, 5, "delivered")

-- From two threads, both kinds at once.
delivered, ones = {}, 0
check.equal(library.call_from_two_threads(queued, one, 50), 350 + 1275, "both kinds")
check.equal(#delivered, 50, "the queued ones")
check.equal(ones, 50, "the others")

-- From the call's own thread nothing is queued: the result is there.
check.equal(queued(1), 99, "on the call's own thread")

-- Many, faster than they are delivered.
delivered = {}
check.equal(library.call_from_thread(queued, 1, 2000), 14000, "two thousand")
poll_until(function() return #delivered == 2000 end, "two thousand")
check.equal(delivered[2000], 2000, "the last of them")

-- An error in one that was queued is raised where it is delivered.
local bad = queue(function() error("delivered late", 0) end, 3)
ok, raised = pcall(library.call_from_thread, bad, 1, 1)
if ok then
  ok, raised = pcall(memory.poll, 5)
end
check.equal(ok, false, "an error in a queued one")
check.contains(raised, "delivered late", "its words")

-- Many threads that call without pause keep no call and no poll from returning: it waits for those that called before alone.
-- The typical number is checked: the system may leave a thread that returns without a processor for longer than that.
local function median(numbers)
  table.sort(numbers)
  return numbers[#numbers // 2 + 1]
end
for _, threads in ipairs { 24, 50 } do
  local answered = 0
  local busy = sync(function(number)
    answered = answered + 1
    return number
  end)
  local before = library.calls_begun()
  local tickers = {}
  for index = 1, threads do
    tickers[index] = library.ticker_start(busy, 1, -1, 0)
  end
  local after_return, in_poll = {}, {}
  for round = 1, 21 do
    local begun = library.calls_begun() - before
    after_return[round] = answered - begun
    local earlier = answered
    in_poll[round] = memory.poll(0.05)
    check.equal(in_poll[round], answered - earlier, "a poll gives the number of calls that it served")
  end
  check.truthy(answered >= threads, "calls alone serve threads")
  check.truthy(median(after_return) <= 4 * threads, threads .. " threads after a return: " .. table.concat(after_return, " "))
  check.truthy(median(in_poll) <= 4 * threads, threads .. " threads in a poll: " .. table.concat(in_poll, " "))
  for _, busy_ticker in ipairs(tickers) do
    library.ticker_stop(busy_ticker)
  end
  check.equal(library.calls_begun() - before, answered, "each call was answered")
end

-- Freed while it is used: the thread is answered, the script is told, nothing hangs.
seen = {}
local brief = sync(function(number)
  seen[#seen + 1] = number
  return 1
end)
ticker = library.ticker_start(brief, 1, -1, 1)
poll_until(function() return #seen >= 3 end, "before it is freed")
brief:free()
ok, raised = pcall(library.ticker_stop, ticker)
if not ok then
  check.equal(raised.kind, "callback", "the kind of error")
end

-- A program may end while threads still call: the worker ends with it.
library.ticker_start(sync(function(number) return number end), 1, -1, 1)
library.ticker_start(queued, 1, -1, 1)

check.finish()
