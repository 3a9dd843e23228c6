-- Annotated parameters: what a function writes comes back, and sizes that others tell may be left out.
local check = require "check"
local lib = check.library "annotated"

dll.cdef [[
  typedef struct { int x; double y; } sample;
  int __stdcall get_version(_Out_ int *major, _Out_ int *minor);
  int get_parts(_Out_opt_ int *first, _Out_opt_ double *second, _Out_opt_ sample *third);
  int __stdcall get_name(_Out_writes_(size) char *name, int size);
  int get_wide_name(_Out_writes_z_(size) wchar_t *name, unsigned size);
  int count_zeros(_In_reads_(length) const wchar_t *text, int length);
  double sum(_In_reads_(count) const double *values, int count);
  double sum_samples(_In_reads_(count) const sample *samples, int count);
  double one_sample(_In_opt_ sample *given);
  unsigned sum_bytes(_In_reads_bytes_opt_(size) const void *bytes, unsigned size);
  int total_length(_In_reads_(count) const char *const *texts, int count);
  int dot(_In_reads_(count) const int *left, _In_reads_(count) const int *right, unsigned char count);
  void square(_In_reads_(count) const int *values, _Out_writes_all_(count) int *squares, int count);
  int twice(_Inout_updates_(count) int *values, int count);
  int read_data(_Out_writes_to_(capacity, *length) uint8_t *buffer, int capacity, _Inout_ int *length);
  int read_shorts(_Out_writes_to_(capacity, return) short *values, int capacity, int pretended);
  int list_samples(_Out_writes_to_(capacity, *count) sample *samples, int capacity, _Out_ int *count);
  void move_sample(_Inout_ sample *moved, int by);
  int next(_Inout_opt_ int64_t *state);
  void upper(_Inout_z_ char *text);
  int append(_Inout_updates_(size) char *buffer, int size, _In_z_ const char *text);
  struct device;
  int open_device(int number, _Outptr_ struct device **opened);
  int device_number(_In_ struct device *opened);
  struct device *find_device(_In_ int number);
  int filled_by(int (*next_value)(int index), _Out_writes_(count) int *values, int count);
  sample make_sample(int x, _Out_ double *y);
  typedef int (*getter)(_Out_ int *value);
  getter find_getter(void);
  int call_getter(getter get);
  int scan(_In_z_ const char *text, _In_z_ const char *format, _Out_ int *first, ...);
]]

local function list(values)
  return "{" .. table.concat(values, " ") .. "}"
end

-- What is written comes back, in order, after the function's own result.
local ok, major, minor = lib.get_version()
check.equal(ok, 1, "the result")
check.equal(major, 6, "the first")
check.equal(minor, 2, "the second")
check.equal(select("#", lib.get_version()), 3, "no more")

-- Numbers are numbers, structs are objects. What is optional is passed.
local given, first, second, third = lib.get_parts()
check.equal(given, 7, "all are asked for")
check.equal(first, -7, "an int")
check.equal(second, 0.5, "a double")
check.equal(third.x, 3, "a struct")
check.equal(third.y, 1.25, "the rest of it")
third.x = 12
check.equal(third.x, 12, "it is the script's own")

-- With all arguments, they are passed as without annotations.
local number = dll.new "int[1]"
check.equal(select("#", lib.get_parts(number, nil, nil)), 1, "nothing comes back")
check.equal(lib.get_parts(number, nil, third), 5, "NULL is passed")
check.equal(number[0], -7, "it was written to")
check.equal(third.x, 3, "and the struct")

-- Text ends at its zero and is decoded.
local latin = check.library("annotated", { encoding = "windows-1252" })
local needed, name = latin.get_name(64)
check.equal(needed, 9, "the size that it needs")
check.equal(name, "Größe 12", "text in the library's encoding")
check.equal(select(2, lib.get_name(64)), "Gr\xf6\xdfe 12", "without an encoding it is bytes")
check.equal(select(2, latin.get_name(4)), "Grö", "as much as there is room for")
check.equal(select(2, lib.get_name(0)), "", "no room")
check.equal(select(2, lib.get_name(200000)), "Gr\xf6\xdfe 12", "much room")
local needed_wide, wide = lib.get_wide_name(16)
check.equal(needed_wide, 6, "characters of wide text")
check.equal(wide, "Größe", "wide text")
check.equal(select(2, lib.get_wide_name(3)), "Gr", "wide text that was cut")

-- Sizes that others tell.
check.equal(lib.sum { 1, 2, 3.5 }, 6.5, "the table tells its size")
check.equal(lib.sum({ 1, 2, 3.5 }, 2), 3.0, "a smaller one may be given")
check.equal(lib.sum {}, 0.0, "an empty table")
check.equal(lib.sum(dll.new("double[4]", { 1, 2, 3, 4 })), 10.0, "an array knows its length, too")
check.equal(lib.sum(dll.new("double[4]", { 1, 2, 3, 4 }), 3), 6.0, "and may be longer")
check.equal(lib.sum_samples { { 1, 2 }, { x = 3 }, dll.new("sample", 4, 0.5) }, 10.5, "structs")
check.equal(lib.sum_bytes "ab\0", 97 + 98, "the bytes of a string")
check.equal(lib.sum_bytes("ab", 3), 97 + 98, "with its zero")
check.equal(lib.sum_bytes { 1, 2, 255 }, 258, "bytes in a table")
check.equal(lib.sum_bytes(nil), 0, "NULL has none")
check.equal(lib.sum_bytes(dll.new("uint16_t[3]", { 1, 1, 1 })), 3, "an object in bytes")
check.equal(lib.total_length { "one", "three", "" }, 8, "strings in a table")
check.equal(lib.total_length { "one", dll.nullptr }, 1003, "NULL among them")
check.equal(lib.count_zeros("a\0😀\0", check.is_pe and 5 or 4), 2, "wide text with zeros in it")
check.equal(lib.count_zeros "a\0b", 1, "which tells its length in characters")
check.equal(lib.dot({ 1, 2 }, { 3, 4 }), 11, "two tell the same size")
check.equal(lib.dot({ 1, 2 }, { 3, 4, 5 }, 2), 11, "or one that is given fits both")
check.equal(list(lib.square { 1, -2, 3 }), "{1 4 9}", "a size that is told makes room")
check.equal(list(lib.square({ 1, -2, 3 }, 2)), "{1 4}", "and so does one that is given")
check.equal(#lib.square {}, 0, "no room")

-- A struct or a list without annotations.
dll.cdef [[
  double plain_sample(const sample *given) asm("one_sample");
  double plain_sum(const double *values, int count) asm("sum");
  double plain_samples(const sample *values, int count) asm("sum_samples");
  int plain_texts(const char *const *texts, int count) asm("total_length");
]]
check.equal(lib.plain_sample { x = 1, y = 0.5 }, 1.5, "a table is a const struct")
check.equal(lib.plain_sample { 1, 2 }, 3.0, "by position")
check.equal(lib.plain_sample {}, 0.0, "zeros")
check.equal(lib.plain_sample(nil), -1.0, "nil stays NULL")
check.equal(lib.plain_sum({ 1, 2, 3 }, 3), 6.0, "a table is a const array")
check.equal(lib.plain_samples({ { 1, 2 }, { 3, 4 } }, 2), 10.0, "a list of structs")
check.equal(lib.plain_texts({ "ab", "c" }, 2), 3, "strings in it")
check.equal(lib.one_sample { x = 2 }, 2.0, "_In_ needs no const")
check.equal(lib.one_sample(third), 4.25, "an object")

-- _Inout_ takes a value and gives one back.
check.equal(select(2, lib.next(41)), 42, "a number")
check.equal(lib.next(-1), 0, "the result comes first")
local moved = lib.move_sample({ x = 1, y = 2 }, 10)
check.equal(moved.x, 11, "a struct")
check.equal(moved.y, 2.0, "its other field")
check.equal(select("#", lib.move_sample(moved, 5)), 0, "an object is changed where it is")
check.equal(moved.x, 16, "as was this one")
check.equal(list(select(2, lib.twice { 1, 2, 3 })), "{2 4 6}", "a list")
check.equal(list(select(2, lib.twice({ 1, 2 }, 3))), "{2 4 0}", "in a larger room")
local values = dll.new("int[2]", { 5, 6 })
check.equal(select("#", lib.twice(values, 2)), 1, "an array is changed where it is")
check.equal(values[1], 12, "as it was")
check.equal(lib.upper "abc 1", "ABC 1", "text")
check.equal(lib.upper "", "", "no text")
local length, text = lib.append("one ", 16, "two")
check.equal(length, 7, "the length of text in a buffer")
check.equal(text, "one two", "and the text")
check.equal(select(2, latin.append("ä", 16, "ö")), "äö", "in the library's encoding")
check.equal(select("#", lib.append(dll.new("char[8]", "a"), 8, "b")), 1, "a buffer of the script's own")

-- What is valid afterwards.
local code, data, told = lib.read_data(16, 3)
check.equal(code, 0, "the result of a read")
check.equal(data, "\0\1\2\0", "as much as was told")
check.equal(told, 4, "by this")
check.equal(select(2, lib.read_data(2, 100)), "\0\1", "not more than there is room for")
check.equal(select(2, lib.read_data(2, -100)), "", "nothing if it is negative")
local own = dll.new("uint8_t[4]")
check.equal(select("#", lib.read_data(own, 4, 2)), 2, "a number for _Inout_ comes back even so")
check.equal(select(2, lib.read_data(own, 4, 2)), 3, "with its new value")
check.equal(list(select(2, lib.read_shorts(4, 3))), "{0 -1 -2}", "the result tells")
check.equal(list(select(2, lib.read_shorts(2, 30))), "{0 -1}", "more than there is")
check.equal(list(select(2, lib.read_shorts(2, -1))), "{}", "a failure")
local result, samples, count = lib.list_samples(8)
check.equal(result, 0, "the result of a list")
check.equal(count, 2, "how many")
check.equal(#samples, 2, "an array of structs has them")
check.equal(samples[1].y, 0.5, "with their fields")
check.equal(#select(2, lib.list_samples(1)), 1, "and not more than there is room for")

-- Pointers that are stored.
local opened, device = lib.open_device(2)
check.equal(opened, 0, "the result of opening")
check.equal(lib.device_number(device), 2, "a pointer")
check.equal(select("#", lib.open_device(9)), 2, "NULL is a result")
check.equal(select(2, lib.open_device(9)), nil, "which is nil")

-- Callbacks run while the room is there.
check.equal(list(select(2, lib.filled_by(function(index)
  local _, inner = lib.get_version()
  return inner * 10 + index
end, 3))), "{60 61 62}", "values of a callback that calls itself")

-- A struct by value comes first.
local made, y = lib.make_sample(5)
check.equal(made.x, 5, "a struct as the result")
check.equal(y, 2.5, "and what was written")

-- Functions that are called through pointers; a callback gets its pointer.
local get = lib.find_getter()
check.equal(select(2, get()), 9, "through a pointer")
check.equal(lib.call_getter(function(pointer)
  pointer[0] = pointer[0] + 1
  return 2
end), 205, "a callback")
check.equal(lib.call_getter(get), 109, "as a value")

-- A variable number of arguments: all, or none of those.
check.equal(select(2, lib.scan("17", "%d")), 17, "without the rest")
check.equal(lib.scan("18", "%d", number), 1, "with a pointer")
check.equal(number[0], 18, "it was written to")
check.equal(lib.scan("19", "%d", number, 5), 1, "and more")

-- Calls that run elsewhere, or that travel together.
local future = dll.async(lib.read_data, 8, 2)
check.equal(select(2, future:wait()), "\0\1\0", "the buffer of a call on another thread")
check.equal(select(3, future:wait()), 3, "asked again")
check.equal(select(2, dll.async(latin.get_name, 64):wait()), "Größe 12", "text")
local results = dll.batch(function(call)
  local total = call(lib.sum, { 1, 2, 3 })
  call(lib.get_version)
  call(lib.get_name, 4)
  call(lib.make_sample, 7)
  call(lib.sum_bytes, nil)
  call(lib.device_number, call(lib.find_device, 1))
end)
check.equal(results[1], 6.0, "one result")
check.equal(list(results[2]), "{1 6 2}", "several are a list")
check.equal(results[3][2], "Gr\xf6", "text of a batch")
check.equal(results[4][1].x, 7, "a struct and what was written")
check.equal(results[4][2], 3.5, "what was written")
check.equal(results[5], 0, "NULL in a batch")
check.equal(results[7], 1, "the result of an earlier call is an argument")
check.raises("type", { "get_name", "cannot be computed" }, dll.batch, function(call)
  call(lib.get_name, call(lib.next, 7))
end)

-- Many calls leave nothing behind.
local before = dll.stats().workers[1].arena
for _ = 1, 2000 do
  lib.get_name(2048)
  lib.sum { 1, 2, 3 }
end
local after = dll.stats().workers[1].arena
if before and after then
  check.truthy(after.used <= before.used + 65536, "the arena")
end

check.finish()
