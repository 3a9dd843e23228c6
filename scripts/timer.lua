-- A system timer calls the script from threads created by the system: a timer queue on Windows, timer_create on
-- Linux. First each thread waits for the script, thread = "sync", then none does, thread = "queue".
--
-- Usage: runtime64 timer.lua [TICKS [MILLISECONDS]]
--
-- The timers are those of the worker's system. On Linux, -e before the script selects those of Windows:
--   runtime64 -e "dll.load 'kernel32.dll'" timer.lua

local ticks, milliseconds = math.tointeger(arg[1] or 5), math.tointeger(arg[2] or 20)
if not (ticks and milliseconds and ticks > 0 and milliseconds > 0) or arg[3] then
  io.stderr:write "usage: runtime64 timer.lua [TICKS [MILLISECONDS]]\n"
  os.exit(2)
end

-- For each system: the callback's C type, and functions that start a timer, stop it, and sleep.
local function windows()
  dll.cdef [[
    typedef void CALLBACK timer_callback(void *context, BOOLEAN fired);
    BOOL WINAPI CreateTimerQueueTimer(HANDLE *timer, HANDLE queue, timer_callback *callback, void *context, DWORD due,
                                      DWORD period, ULONG flags);
    BOOL WINAPI DeleteTimerQueueTimer(HANDLE queue, HANDLE timer, HANDLE completion);
    void WINAPI Sleep(DWORD milliseconds);
    enum { WT_EXECUTEDEFAULT = 0 };
  ]]
  local C = dll.C
  local INVALID_HANDLE_VALUE = dll.cast("HANDLE", -1)

  local function must(result)
    return result ~= 0 or error(string.format("Windows error %d: %s", dll.lasterror()))
  end

  return {
    type = "timer_callback *",
    start = function(callback)
      local timer = dll.new "HANDLE[1]"
      must(C.CreateTimerQueueTimer(timer, nil, callback, nil, milliseconds, milliseconds, C.WT_EXECUTEDEFAULT))
      return timer[0]
    end,
    -- With this handle the function waits for the threads in the callback, which are served meanwhile as in any call.
    -- No thread enters the callback after that, so it can be released.
    finish = function(timer, callback)
      must(C.DeleteTimerQueueTimer(nil, timer, INVALID_HANDLE_VALUE))
      callback:free()
    end,
    sleep = C.Sleep,
  }
end

local function linux()
  dll.cdef [[
    typedef void *timer_t;
    union sigval { int sival_int; void *sival_ptr; };
    struct sigevent {
      union sigval sigev_value;
      int sigev_signo, sigev_notify;
      void (*sigev_notify_function)(union sigval value);
      void *sigev_notify_attributes;
      char reserved[64];
    };
    struct timespec { long tv_sec, tv_nsec; };
    struct itimerspec { struct timespec it_interval, it_value; };
    int timer_create(int clock, struct sigevent *event, timer_t *timer);
    int timer_settime(timer_t timer, int flags, const struct itimerspec *value, struct itimerspec *old);
    int timer_delete(timer_t timer);
    int usleep(unsigned microseconds);
    const char *strerror(int number);
    enum { CLOCK_MONOTONIC = 1, SIGEV_THREAD = 2 };
  ]]
  local C = dll.C

  local function must(result)
    return result == 0 or error(C.strerror(dll.errno()))
  end

  return {
    type = "void (*)(union sigval value)",
    start = function(callback)
      local event = dll.new("struct sigevent", { sigev_notify = C.SIGEV_THREAD, sigev_notify_function = callback })
      local timer = dll.new "timer_t[1]"
      must(C.timer_create(C.CLOCK_MONOTONIC, event, timer))
      local span = { tv_sec = milliseconds // 1000, tv_nsec = milliseconds % 1000 * 1000000 }
      must(C.timer_settime(timer[0], 0, dll.new("struct itimerspec", span, span), nil))
      return timer[0]
    end,
    -- A thread may still be on its way to the callback, so the callback stays. It costs nothing.
    finish = function(timer) must(C.timer_delete(timer)) end,
    sleep = function(span) C.usleep(span * 1000) end,
  }
end

local system = (dll.os == "Windows" and windows or linux)()

-- A callback that counts and shows the ticks, and a function that returns their number.
local function counting(thread)
  local count = 0
  local callback = dll.callback(system.type, function()
    count = count + 1
    if count <= ticks then
      print(string.format("  tick %d of %d", count, ticks))
    end
  end, { thread = thread })
  return callback, function() return count end
end

-- dll.poll waits until a callback of another thread has been served, up to the given time limit.
local function poll_until_all(count)
  while count() < ticks do
    if dll.poll(5 + milliseconds / 1000) == 0 then
      error "the timer does not tick"
    end
  end
end

print(string.format("A timer of %s, every %d ms, in a %d-bit process.", dll.os, milliseconds, 8 * dll.sizeof "void *"))

print "sync: the timer's thread waits until the script has run the function, here in dll.poll."
local callback, count = counting "sync"
local timer = system.start(callback)
poll_until_all(count)
system.finish(timer, callback)

print "queue: the timer's thread goes on at once, and the function runs later, here when a long call has returned."
callback, count = counting "queue"
timer = system.start(callback)
local span = math.min(ticks * milliseconds, 1000)
system.sleep(span)
print(string.format("  the script slept for %d ms in a call", span))
poll_until_all(count)
system.finish(timer, callback)
