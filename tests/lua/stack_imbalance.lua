-- Functions whose names do not tell their convention. On i386 a wrong declaration leaves the stack out of balance: an
-- error that names what is likely right, after which the worker goes on.
local check = require "check"
local library = check.library "plain_names"
local memory = dll.of(library)

-- As they are.
dll.cdef [[
  int __stdcall take_none(void);
  int __stdcall take_one(int a);
  int __stdcall take_two(int a, int b);
  int __stdcall take_three(int a, int b, int c);
  int __stdcall take_four(int a, int b, int c, int d);
  double __stdcall take_double(double value);
  int __stdcall take_text(const char *text, int index);
  int keep_none(void);
  int keep_two(int a, int b);
  double keep_double(double value);
  int count_up(void);
  int call_stdcall(int (__stdcall *callback)(int a, int b), int a, int b);
  int call_cdecl(int (*callback)(int a, int b), int a, int b);
]]
check.equal(library.take_none(), 10, "no arguments")
check.equal(library.take_one(1), 2, "one argument")
check.equal(library.take_two(1, 10), 21, "two arguments")
check.equal(library.take_three(1, 10, 100), 321, "three arguments")
check.equal(library.take_four(1, 10, 100, 1000), 4321, "four arguments")
check.equal(library.take_double(5), 2.5, "a double")
check.equal(library.take_text("abc", 1), 98, "a pointer")
check.equal(library.keep_two(5, 3), 2, "cdecl")
check.equal(library.count_up(), 1, "the first call of this worker")

-- The same functions by their addresses, under types that tell something else.
-- { function, wrong type, what the message names, arguments }
local wrong = {
  { "take_one", "int (__cdecl *)(int)", "__stdcall", 1 },
  { "take_two", "int (__cdecl *)(int, int)", "__stdcall", 1, 2 },
  { "take_three", "int (__cdecl *)(int, int, int)", "__stdcall", 1, 2, 3 },
  { "take_four", "int (__cdecl *)(int, int, int, int)", "__stdcall", 1, 2, 3, 4 },
  { "take_double", "double (__cdecl *)(double)", "__stdcall", 0.5 },
  { "take_text", "int (__cdecl *)(const char *, int)", "__stdcall", "text", 0 },
  { "keep_two", "int (__stdcall *)(int, int)", "__cdecl", 1, 2 },
  { "keep_double", "double (__stdcall *)(double)", "__cdecl", 0.5 },
}
for _, row in ipairs(wrong) do
  local name, type, likely = row[1], row[2], row[3]
  local misdeclared = memory.cast(type, library[name])
  if check.bits == 32 then
    check.raises("convention", { likely, "stack" }, misdeclared, table.unpack(row, 4))
    check.equal(library.count_up() > 1, true, "the worker goes on after " .. name)
  else
    -- There is one convention: the words change nothing.
    misdeclared(table.unpack(row, 4))
  end
end
-- Where nothing names the convention, either will do: the arguments lie in the same place.
check.equal(memory.cast("int (*)(int, int)", library.take_two)(1, 10), 21, "stdcall that is not named")
check.equal(memory.cast("int (*)(int, int)", library.keep_two)(5, 3), 2, "cdecl that is not named")
-- Without arguments there is nothing to remove, and both conventions are the same.
check.equal(memory.cast("int (*)(void)", library.take_none)(), 10, "no arguments")
check.equal(memory.cast("int (__stdcall *)(void)", library.keep_none)(), 20, "no arguments")

-- The wrong number of arguments shows as well.
if check.bits == 32 then
  check.raises("convention", { "stack", "argument" }, memory.cast("int (__stdcall *)(int)", library.take_two), 1)
  check.raises("convention", { "stack", "argument" }, memory.cast("int (__stdcall *)(int, int, int)", library.take_two), 1, 2, 3)
end

-- Again and again: what is out of balance once does not add up.
if check.bits == 32 then
  local misdeclared = memory.cast("int (__cdecl *)(int, int, int, int)", library.take_four)
  for _ = 1, 1000 do
    if pcall(misdeclared, 1, 2, 3, 4) then
      error "not noticed"
    end
  end
end
check.equal(library.take_four(1, 10, 100, 1000), 4321, "after a thousand mistakes")
check.equal(library.keep_double(1.5), 3.0, "cdecl, too")

-- By name, with the function as the message's subject.
dll.cdef "double __cdecl take_double_plainly(double value) asm(\"take_double\"); int __stdcall keep_two_wrongly(int a, int b) asm(\"keep_two\");"
if check.bits == 32 then
  local raised = check.raises("convention", { "take_double_plainly", "__stdcall" }, library.take_double_plainly, 1)
  check.equal(raised.func, "take_double_plainly", "func")
  check.truthy(raised.library:find("plain_names", 1, true), "library")
  check.raises("convention", { "keep_two_wrongly", "__cdecl" }, library.keep_two_wrongly, 1, 2)
end

-- Callbacks of the wrong convention would spoil the library's own stack: what can be told from the types is refused.
check.equal(library.call_stdcall(function(a, b) return a * b end, 6, 7), 42, "stdcall")
check.equal(library.call_cdecl(function(a, b) return a * b end, 6, 7), 42, "cdecl")
if check.bits == 32 then
  local cdecl <close> = memory.callback("int (*)(int, int)", function(a, b) return a + b end)
  check.raises("type", { "call_stdcall", "__stdcall" }, library.call_stdcall, cdecl, 1, 2)
end

-- A result that nobody takes does not stay on the x87 stack, where it would spoil those of later functions.
local resultless = memory.cast("void (*)(double)", library.keep_double)
for _ = 1, 20 do
  resultless(1.5)
end
check.equal(library.keep_double(1.5), 3.0, "after twenty results that nobody took")

check.finish()
