-- What annotations refuse, with what to do about it.
local check = require "check"
local lib = check.library "annotated"

dll.cdef [[
  typedef struct { int x; double y; } sample;
  int __stdcall get_version(_Out_ int *major, _Out_ int *minor);
  int __stdcall get_name(_Out_writes_(size) char *name, int size);
  double sum(_In_reads_(count) const double *values, int count);
  unsigned sum_bytes(_In_reads_bytes_(size) const void *bytes, unsigned size);
  int dot(_In_reads_(count) const int *left, _In_reads_(count) const int *right, unsigned char count);
  int twice(_Inout_updates_(count) int *values, int count);
  int read_data(_Out_writes_to_(capacity, *length) uint8_t *buffer, int capacity, _Inout_ int *length);
  void move_sample(_Inout_ sample *moved, int by);
  int append(_Inout_updates_(size) char *buffer, int size, _In_z_ const char *text);
  int next(_Inout_ int64_t *state);
  double one_sample(const sample *given);
]]

-- A wrong number of arguments shows the declaration and the short forms.
check.raises("type", { "get_version(_Out_ int *major, _Out_ int *minor) takes 2 arguments, or 0: (); got 1" },
  lib.get_version, 1)
check.raises("type", { "takes 2 arguments, or 1: (int size); got 0" }, lib.get_name)
check.raises("type", { "takes 2 arguments, or 1: (const double *values); got 3" }, lib.sum, {}, 1, 2)
check.raises("type", { "takes 3 arguments, or 2: (int capacity, int *length); got 1" }, lib.read_data, 1)

-- Nil where an annotation says that NULL will not do.
check.raises("type", { "get_version: argument 1 (int *major)", "'_Out_'", "_opt_" }, lib.get_version, nil, nil)
check.raises("type", { "sum: argument 1", "'_In_reads_(count)'", "nil is not accepted" }, lib.sum, nil, 0)
check.raises("type", { "next: argument 1", "'_Inout_'", "nil is not accepted" }, lib.next, nil)
check.raises("type", { "append: argument 3", "'_In_z_'" }, lib.append, "a", 8, nil)
check.raises("type", { "nil is not accepted" }, lib.next, dll.nullptr)

-- More than there is.
check.raises("range", { "sum: argument 1 (const double *values): it has 3 elements, but '_In_reads_(count)' requires 4" },
  lib.sum, { 1, 2, 3 }, 4)
check.raises("range", { "it has 2 bytes, but '_In_reads_bytes_(size)' requires 4" }, lib.sum_bytes, "ab", 4)
check.raises("range", { "it has 2 elements", "requires 3" }, lib.sum, dll.new("double[2]"), 3)
check.raises("range", { "it has 1 element, but", "requires 2" }, lib.dot, { 1 }, { 1, 2 }, 2)
check.raises("range", { "get_name: argument 1", "it has 4 bytes", "requires 5" }, lib.get_name, dll.new("char[4]"), 5)
check.raises("range", { "twice: argument 1", "3 elements do not fit", "is 2" }, lib.twice, { 1, 2, 3 }, 2)
check.raises("range", { "append: argument 1", "do not fit" }, lib.append, "a long text", 4, "b")

-- Sizes that nobody tells, that two tell differently, that cannot be.
check.raises("type", { "sum", "'int count' is omitted", "pointer" }, lib.sum, dll.cast("double *", 4096))
check.raises("range", { "'unsigned char count' is omitted", "left' has 1 element", "right' has 2 elements" },
  lib.dot, { 1 }, { 1, 2 })
local many = {}
for index = 1, 300 do
  many[index] = 0
end
check.raises("range", { "dot", "count'", "300", "255" }, lib.dot, many, many)
check.raises("range", { "get_name", "'char *name'", "is negative: -1" }, lib.get_name, -1)
check.raises("range", { "get_name", "-3000000000" }, lib.get_name, -3000000000)

-- Values of the wrong kind.
check.raises("type", { "get_version", "expected a pointer, an object or nil, got 5" }, lib.get_version, 5, 6)
check.raises("type", { "sum", "element 1", "number" }, lib.sum, { 1, "2" })
check.raises("type", { "sum", "expected a table" }, lib.sum, "abc")
check.raises("type", { "twice", "expected a table, a pointer or an object, got 5" }, lib.twice, 5, 1)
check.raises("type", { "append", "expected a string, a table, a pointer or an object, got 5" }, lib.append, 5, 1, "")
check.raises("type", { "next", "got the string" }, lib.next, "5")
check.raises("type", { "move_sample", "no field 'z'" }, lib.move_sample, { z = 1 }, 1)
check.raises("type", { "one_sample", "no field 'z'" }, lib.one_sample, { z = 1 })
check.raises("type", { "const int", "points to const data" }, lib.twice, dll.new("const int[2]"), 2)
check.raises("type", { "expected", ", got" }, lib.get_version, dll.new("double[1]"), dll.new("int[1]"))

-- A table for what is not const, for what has no size, and for text, which ends at a zero.
check.raises("type", { "append: argument 3", "a table" }, lib.append, "a", 8, { 65 })
dll.cdef [[
  int plain_twice(int *values, int count) asm("twice");
  unsigned plain_bytes(const void *bytes, unsigned size) asm("sum_bytes");
]]
check.raises("type", { "plain_twice", "a table" }, lib.plain_twice, { 1 }, 1)
check.raises("type", { "plain_bytes", "a table" }, lib.plain_bytes, { 1 }, 1)

-- Too much room is an error, and nothing is lost. A 64-bit worker may have as much, where memory is not shared.
if dll.stats().workers[1].link == "shared memory" then
  check.raises("memory", { "get_name" }, lib.get_name, 0x7fffffff)
end
check.equal(select(2, lib.get_version()), 6, "the worker runs on")

-- Declarations that cannot hold.
check.raises("declaration", { "line 1, column 23", "is not a pointer", "_Out_writes_" }, function()
  dll.cdef "int wrong(_In_ int a, _Out_writes_(n) int b, int n);"
end)
check.raises("declaration", { "did you mean 'size'?", "^~~" }, function()
  dll.cdef "int wrong(_Out_writes_(siez) char *name, int size);"
end)
check.raises("declaration", { "_Out_writes_bytes_(size)" }, function()
  dll.cdef "int wrong(_Out_ void *data);"
end)

check.finish()
