-- Calling conventions, and the names that compilers give to functions that have one.
local check = require "check"
local calls = check.library "calls"

dll.cdef [[
  int __stdcall stdcall_add(int a, int b);
  long long __stdcall stdcall_mix(char a, long long b, double c, short d);
  int __attribute__((stdcall)) stdcall_length(const char *text);
  int __fastcall fastcall_subtract(int a, int b);
  int __fastcall fastcall_weigh(int a, int b, int c, int d);
  int __cdecl add(int a, int b);
]]

check.equal(calls.stdcall_add(2, 3), 5, "stdcall")
check.equal(calls.stdcall_mix(1, 1 << 40, 0.5, -3), 1 + (2 << 40) + 2 - 24, "stdcall, arguments of mixed widths")
check.equal(calls.stdcall_length "seven..", 7, "stdcall by attribute")
check.equal(calls.fastcall_subtract(7, 5), 2, "fastcall, all in registers")
check.equal(calls.fastcall_weigh(1, 10, 100, 1000), 1 + 20 + 300 + 4000, "fastcall, some on the stack")
check.equal(calls.add(2, 3), 5, "cdecl, by name")

-- A stack that moved by a few bytes a call would be noticed by now.
for index = 1, 2000 do
  if calls.stdcall_add(index, 1) ~= index + 1 or calls.fastcall_subtract(index, 1) ~= index - 1 then
    error("wrong result in call " .. index)
  end
end
check.equal(calls.add(1, 2), 3, "after thousands of stdcall and fastcall calls")

-- A whole library of one convention: the headers leave it out.
local stdcall = check.library("calls", { convention = "stdcall" })
dll.cdef "double stdcall_half(double value); int stdcall_seven(void);"
check.equal(stdcall.stdcall_half(5), 2.5, "the library's convention")
check.equal(stdcall.stdcall_seven(), 7, "the library's convention, without arguments")
check.equal(stdcall.add(3, 4), 7, "a declaration's own convention comes first")
check.raises("type", { "convention", "pascal" }, check.library, "calls", { convention = "pascal" })
check.raises("type", { "convntion" }, check.library, "calls", { convntion = "stdcall" })

if check.decorates then
  -- The decoration is taken off for reading, and put on for looking up.
  local row = dll.exports(calls, "stdcall_add")[1]
  check.equal(row.name, "stdcall_add", "name")
  -- GCC leaves the underscore out that Microsoft's compiler writes.
  check.truthy(row.decorated == "stdcall_add@8" or row.decorated == "_stdcall_add@8", "decorated name")
  check.equal(row.convention, "stdcall", "convention")
  check.equal(row.argument_bytes, 8, "argument bytes")
  row = dll.exports(calls, "fastcall_weigh")[1]
  check.equal(row.decorated, "@fastcall_weigh@16", "decorated fastcall name")
  check.equal(row.convention, "fastcall", "fastcall convention")
  -- The plain name leads to the decorated one, which tells the convention that the declaration leaves out.
  check.equal(calls.stdcall_half(9), 4.5, "the decoration's convention")
end

check.finish()
