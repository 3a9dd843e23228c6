-- dll.C: the worker's own C library and, on Windows, the system's usual libraries.
local check = require "check"
local calls = check.library "calls"

dll.cdef [[
  int abs(int value);
  size_t strlen(const char *text);
  int atoi(const char *text);
  int toupper(int letter);
  double cos(double angle);
  double pow(double base, double exponent);
  int add(int a, int b);
  int no_such_function_anywhere(void);
]]

check.equal(dll.C.abs(-5), 5, "abs")
check.equal(dll.C.strlen "twelve bytes", 12, "strlen")
check.equal(dll.C.atoi "  -17 apples", -17, "atoi")
check.equal(dll.C.toupper(97), 65, "toupper")
check.equal(dll.C.cos(0), 1.0, "cos")
check.equal(dll.C.pow(2, 10), 1024.0, "pow")
check.equal(dll.C, dll.C, "dll.C is always the same")
check.truthy(tostring(dll.C):find("dll.C", 1, true), "dll.C shown")

check.raises("symbol", "no_such_function_anywhere", function()
  return dll.C.no_such_function_anywhere()
end)
check.raises("declaration", { "dll.C", "not_declared" }, function()
  return dll.C.not_declared()
end)

if check.is_pe then
  dll.cdef [[
    DWORD WINAPI GetCurrentProcessId(void);
    DWORD WINAPI GetTickCount(void);
    int WINAPI lstrlenA(LPCSTR text);
    int WINAPI GetSystemMetrics(int index);
    void WINAPI SetLastError(DWORD code);
    DWORD WINAPI GetLastError(void);
  ]]
  check.truthy(dll.C.GetCurrentProcessId() > 0, "kernel32")
  check.equal(dll.C.GetCurrentProcessId(), dll.C.GetCurrentProcessId(), "one process")
  check.truthy(dll.C.GetTickCount() >= 0, "kernel32, an unsigned result")
  check.equal(dll.C.lstrlenA "hello", 5, "kernel32, a string")
  check.equal(dll.C.lstrlenA(nil), 0, "kernel32, NULL")
  check.truthy(dll.C.GetSystemMetrics(0) >= 0, "user32")
  dll.C.SetLastError(1234)
  check.equal((dll.lasterror()), 1234, "the last error that the call left")
  check.equal(dll.C.GetLastError(), 1234, "and that the next call finds")
else
  dll.cdef "int getpid(void); char *getenv(const char *name); int chdir(const char *path);"
  check.truthy(dll.C.getpid() > 1, "getpid")
  check.equal(type(dll.C.getenv "PATH"), "userdata", "getenv gives a pointer")
  check.truthy(#dll.string(dll.C.getenv "PATH") > 0, "to a string")
  check.equal(dll.C.getenv "NO_SUCH_VARIABLE_HERE", nil, "or nil")
  check.equal(dll.C.chdir "/no/such/folder", -1, "chdir fails")
  check.equal(dll.errno(), 2, "with ENOENT")
end

-- The functions of a library are not those of dll.C.
check.equal(calls.add(2, 3), 5, "a library's own function")
check.raises("symbol", "add", function()
  return dll.C.add(2, 3)
end)

-- As annotated headers have it.
dll.cdef [[
  double frexp(double value, _Out_ int *exponent);
  double modf(double value, _Out_ double *whole);
  long strtol(_In_z_ const char *text, _Outptr_opt_ char **rest, int base);
  int sscanf(_In_z_ const char *text, _In_z_ const char *format, ...);
  void *memchr(_In_reads_bytes_(size) const void *bytes, int byte, size_t size);
  size_t strftime(_Out_writes_to_(size, return) char *text, size_t size, _In_z_ const char *format, _In_ const struct date *date);
  struct date { int second, minute, hour, day, month, year, weekday, yearday, summer; long offset; const char *zone; };
]]
local fraction, exponent = dll.C.frexp(12)
check.equal(fraction, 0.75, "frexp's fraction")
check.equal(exponent, 4, "frexp's exponent")
local fraction, whole = dll.C.modf(-2.25)
check.equal(fraction, -0.25, "modf's fraction")
check.equal(whole, -2.0, "modf's whole part")
local digits = dll.new("char[?]", 8, "12abc")
local value, rest = dll.C.strtol(digits, 10)
check.equal(value, 12, "strtol")
check.equal(rest - digits, 2, "strtol's rest")
check.equal(dll.string(rest), "abc", "what is there")
check.equal(dll.C.strtol("0x1f", nil, 16), 31, "strtol without its rest")
local first, second = dll.new "int[1]", dll.new "int[1]"
check.equal(dll.C.sscanf("5 6", "%d %d", first, second), 2, "sscanf")
check.equal(first[0] * 10 + second[0], 56, "what it stored")
check.truthy(dll.C.memchr("abc", 98) ~= nil, "memchr finds")
check.equal(dll.C.memchr("abc", 100), nil, "memchr finds nothing")
local length, text = dll.C.strftime(64, "%Y-%m-%d %H:%M", { year = 126, month = 10, day = 25, hour = 7 })
check.equal(length, 16, "strftime")
check.equal(text, "2026-11-25 07:00", "the date")

check.finish()
