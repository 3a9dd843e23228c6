-- A month's calendar, from the C library's struct tm; on Windows also the time from the system's SYSTEMTIME.
--
-- Usage: runtime64 calendar.lua [YEAR MONTH]

dll.cdef [[
  struct tm {
    int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst;
    // Members added by the GNU C library. Windows does not use them.
    long tm_gmtoff;
    const char *tm_zone;
  };
  size_t strftime(char *buffer, size_t size, const char *format, const struct tm *time);
]]

local on_windows = dll.os == "Windows"
if on_windows then
  -- Microsoft's libraries export these under names that contain the width of time_t; __asm__ gives a symbol another
  -- name.
  dll.cdef [[
    typedef int64_t time_t;
    time_t time(time_t *now) __asm__("_time64");
    struct tm *localtime(const time_t *time) __asm__("_localtime64");
    time_t mktime(struct tm *time) __asm__("_mktime64");
    void WINAPI GetLocalTime(SYSTEMTIME *time);
  ]]
else
  dll.cdef [[
    typedef long time_t;
    time_t time(time_t *now);
    struct tm *localtime(const time_t *time);
    time_t mktime(struct tm *time);
  ]]
end

local C = dll.C

-- The struct has methods: they are called with the object, as C functions are called with its address.
local text = dll.new("char[?]", 128)
local Time = dll.metatype("struct tm", {
  __index = {
    format = function(self, format)
      local length = C.strftime(text, dll.sizeof(text), format, self)
      return dll.string(text, length)
    end,
    -- Days and months may be out of range: mktime normalises them, and computes the day of the week.
    normalize = function(self)
      assert(C.mktime(self) ~= -1, "the C library has no such time")
      return self
    end,
  },
  __tostring = function(self) return self:format "%A, %d %B %Y, %H:%M:%S" end,
})

local function now()
  -- An array of one element corresponds to & on a C variable. The result is in the library's memory until the next
  -- call, so the struct is copied.
  local seconds = dll.new("time_t[1]", C.time(nil))
  return Time(C.localtime(seconds)[0])
end

-- Noon, so that a change to or from daylight saving time does not change the day.
local function day(year, month, number)
  return Time({ tm_year = year - 1900, tm_mon = month - 1, tm_mday = number, tm_hour = 12, tm_isdst = -1 }):normalize()
end

local today = now()
local year, month = math.tointeger(arg[1]), math.tointeger(arg[2])
if not (year and month) then
  year, month = today.tm_year + 1900, today.tm_mon + 1
end

-- Day 0 of the next month is the last day of this one.
local first, last = day(year, month, 1), day(year, month + 1, 0)
print(first:format "%B %Y")
local names, line = {}, {}
for number = 1, 7 do
  -- 1 January 2024 was a Monday.
  names[number] = day(2024, 1, number):format "%a":sub(1, 2)
end
print(table.concat(names, " "))
for _ = 1, (first.tm_wday + 6) % 7 do
  line[#line + 1] = "  "
end
for number = 1, last.tm_mday do
  line[#line + 1] = string.format("%2d", number)
  if #line == 7 or number == last.tm_mday then
    print(table.concat(line, " "))
    line = {}
  end
end

print("\nNow: " .. tostring(today))
if on_windows then
  local time = dll.new "SYSTEMTIME"
  C.GetLocalTime(time)
  local date = string.format("%04d-%02d-%02d", time.wYear, time.wMonth, time.wDay)
  print(string.format("Windows: %s %02d:%02d:%02d.%03d", date, time.wHour, time.wMinute, time.wSecond, time.wMilliseconds))
end
