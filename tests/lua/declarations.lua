-- dll.cdef: what it takes, what it refuses, and what happens to names that are not declared.
local check = require "check"
local calls = check.library "calls"

-- Text as it stands in headers.
dll.cdef [[
  /* A comment, */ // another
  #define LIMIT 0x10
  #pragma pack(push, 1)
  #pragma pack(pop)
  # 12 "device.h"
  typedef unsigned int word, *word_pointer;
  typedef int (*comparison)(const void *left, const void *right);
  extern int add(int a, \
                 int b);
  static const int ANSWER = 6 * 7;
  enum { FIRST = 1 << 4, SECOND, THIRD = SECOND * 2 };
  word echo_unsigned_int(word value);
  short int unsigned echo_unsigned_short(unsigned short int);
  int __cdecl int_max(void), int_min(void);
  extern const char *string_static(void);
]]
check.equal(calls.add(40, 2), 42, "a declaration over two lines")
check.equal(calls.echo_unsigned_int(4294967295), 4294967295, "through a typedef")
check.equal(calls.echo_unsigned_short(65535), 65535, "specifiers in any order")
check.equal(calls.int_max() + calls.int_min(), -1, "two functions in one declaration")
check.equal(calls.FIRST, 16, "an anonymous enumeration's constant")
check.equal(calls.THIRD, 34, "a constant computed from another")
check.equal(calls.ANSWER, 42, "a static const")
check.equal(dll.sizeof "word", 4, "the size of a typedef")
check.equal(dll.sizeof "word_pointer", check.bits // 8, "the size of a pointer typedef")

-- Declared twice alike is fine, also with other parameter names and through a typedef; declared differently is not.
dll.cdef "int add(int, int);"
dll.cdef "int add(int left, int right); typedef unsigned int word;"
check.raises("declaration", { "add", "int add(int", "long add(int" }, dll.cdef, "long add(int a, int b);")
check.raises("declaration", { "word", "unsigned int", "unsigned short" }, dll.cdef, "typedef unsigned short word;")
check.equal(calls.add(1, 1), 2, "a refused declaration changes nothing")

-- All of a text or nothing of it.
check.raises("declaration", "nonsense", dll.cdef, "int nothing(void); nonsense x;")
check.raises("declaration", "nothing", function()
  return calls.nothing()
end)

-- Mistakes are shown where they are: line, and what is wrong.
local mistakes = {
  { "int f(int a;", { "line 1", "int f(int a;" } },
  { "int f(void);\nint g(unknown x);", { "line 2", "unknown", "int g(unknown x);" } },
  { "int f(void) int", { "line 1" } },
  { "int 5x(void);", { "line 1" } },
  { "typedef int;;; }", { "line 1" } },
  { "enum e { A = 1 / 0 };", { "line 1" } },
  { "/* no end", { "line 1" } },
  { "int f(void) = \"text", { "line 1" } },
  { string.rep("(", 100000), { "line 1" } },
  { "\0", { "line 1" } },
}
for _, mistake in ipairs(mistakes) do
  check.raises("declaration", mistake[2], dll.cdef, mistake[1])
end
-- A misspelt type is shown with the one that was probably meant.
check.raises("declaration", { "DWRD", "did you mean 'DWORD'" }, dll.cdef, "int h(DWRD x);")

-- Used but not declared: the export's row, and a declaration to paste.
local undeclared = check.raises("declaration", { "counter_create", "not declared", "dll.cdef" }, function()
  return calls.counter_create(1)
end)
check.equal(undeclared.func, "counter_create", "the function of the error")
check.truthy(undeclared.library, "the library of the error")
local pasted = tostring(undeclared):match "dll%.cdef%[%[%s*(.-)%s*%]%]"
check.truthy(pasted and pasted:find("counter_create", 1, true), "a declaration to paste")

-- Neither declared nor exported; declared but not exported.
check.raises("declaration", { "no_such_function", "dll.exports" }, function()
  return calls.no_such_function
end)
dll.cdef "int not_in_the_library(int value);"
local missing = check.raises("symbol", { "not_in_the_library", "not exported" }, function()
  return calls.not_in_the_library(1)
end)
check.equal(missing.func, "not_in_the_library", "the function of the error")

-- Editors on Windows begin a file with a mark.
dll.cdef "\u{feff}int after_a_byte_order_mark(void);"

-- Types by name.
check.raises("declaration", "no_such_type", dll.sizeof, "no_such_type")
check.raises("type", "true", dll.sizeof, true)

check.finish()
