-- LuaJIT's conversions between Lua's values and C's, table by table. "LuaJIT:" says what it does where this module documents
-- something else: here a value that does not fit is an error, never cut.
local check = require "check"
local calls = check.library "calls"

local ffi = require "dll"

ffi.cdef[[
enum color { RED, GREEN = 5, BLUE };
enum color echo_color(enum color value);
int8_t echo_int8(int8_t value);
uint8_t echo_uint8(uint8_t value);
uint16_t echo_uint16(uint16_t value);
uint32_t echo_uint32(uint32_t value);
int64_t echo_int64(int64_t value);
uint64_t echo_uint64(uint64_t value);
float echo_float(float value);
double echo_double(double value);
bool echo_bool(bool value);
void *echo_pointer(void *value);
bool pointer_is_null(const void *pointer);
int string_length(const char *text);
char *string_writable(void);
const char *string_static(void);
const char *string_null(void);
unsigned int bytes_sum(const void *bytes, size_t length);
int load_int(const int *source);
int sum_ints(const int *values, int count);
void nothing(void);
int add(int a, int b);
int sprintf(char *buffer, const char *format, ...);
struct pair { int a, b; };
struct holder { struct pair inner; int list[2]; struct pair *next; const char *text; void *any; int (*call)(int, int); };
]]

-- From C to Lua: what is read from memory, returned by a function, held by a constant.
local integers = {
  { "int8_t", -128 }, { "uint8_t", 255 }, { "int16_t", -32768 }, { "uint16_t", 65535 },
  { "int32_t", -2147483648 }, { "uint32_t", 4294967295 }, { "int64_t", math.mininteger },
}
for _, case in ipairs(integers) do
  check.equal(ffi.new(case[1] .. "[1]", case[2])[0], case[2], case[1])
end
-- LuaJIT: 64 bits are boxed. Here they are Lua's own integers, whose arithmetic wraps in the same way.
check.equal(ffi.new("int64_t[1]", math.maxinteger)[0] + 1, math.mininteger, "int64_t is an integer that wraps")
check.equal(ffi.new("uint64_t[1]", -1)[0], -1, "uint64_t keeps its bits")
check.equal(ffi.format_u64(calls.echo_uint64(-1)), "18446744073709551615", "and is written by dll.format_u64")
check.equal(math.ult(1, calls.echo_uint64(-1)), true, "and compared by math.ult")
check.equal(calls.echo_uint64(-1) // 2, -1, "the operators of Lua are those of signed integers")
-- LuaJIT: literals for 64-bit integers and complex numbers. Lua 5.4 has no such literals, and needs them for neither.
check.equal(load "return 42LL", nil, "42LL")
check.equal(load "return 12.5i", nil, "12.5i")
check.equal(ffi.new("complex", 0, 12.5).im, 12.5, "a complex number")
check.equal(calls.echo_float(0.5), 0.5, "float")
check.equal(calls.echo_float(0.1), 0.10000000149011612, "a float's nearest value")
check.equal(calls.echo_double(0.1), 0.1, "double")
check.equal(calls.echo_bool(true), true, "bool")
check.equal(ffi.cast("bool *", ffi.new("uint8_t[1]", 2))[0], true, "everything but 0 is true")
-- LuaJIT: an enumeration is boxed. Here it is an integer.
check.equal(calls.echo_color(6), 6, "an enumeration")
check.equal(calls.echo_color "GREEN" == calls.GREEN, true, "is compared with its enumerator")
check.equal(calls.echo_color "GREEN" == "GREEN", false, "not with its name")
local complex = ffi.new("double _Complex[1]", { { 1, 2 } })[0]
check.equal(complex.im, 2.0, "a complex number")
local holder = ffi.new("struct holder")
local inner = holder.inner
inner.a = 7
check.equal(holder.inner.a, 7, "a struct is a reference")
local list = holder.list
list[1] = 8
check.equal(holder.list[1], 8, "an array is a reference")
-- LuaJIT: NULL is a pointer that equals nil. Here it is nil itself.
check.equal(holder.next, nil, "a NULL pointer in memory")
check.equal(calls.echo_pointer(nil), nil, "and as a result")
check.equal(ffi.istype("char *", calls.string_writable()), true, "a pointer")
-- LuaJIT: a result of `const char *` is a pointer. Here it is a string; ffi.string takes both.
check.equal(calls.string_static(), "a string that lives in the library", "const char *")
check.equal(calls.string_null(), nil, "NULL")
ffi.cdef "_Ret_ const char *string_pointer(void) __asm__(\"string_static\");"
check.equal(ffi.istype("const char *", calls.string_pointer()), true, "_Ret_ keeps the pointer")
check.equal(ffi.string(calls.string_pointer(), 8), "a string", "which ffi.string reads")
check.equal(select("#", calls.nothing()), 0, "void")
local bits = ffi.new("struct { unsigned low:3; int high:5; bool flag:1; }", 7, -16, true)
check.equal(bits.low, 7, "a bit-field")
check.equal(bits.high, -16, "a signed one")
check.equal(bits.flag, true, "a boolean one")

-- From Lua to C. A number.
check.equal(calls.echo_double(5), 5.0, "an integer for a double")
check.equal(calls.echo_int64(5.0), 5, "a float without a fraction for an integer")
check.equal(calls.echo_uint8(7.9 // 1), 7, "//")
check.equal(calls.echo_uint8(300 & 0xff), 44, "&")
-- LuaJIT: cut to 3, cut to 44, and 255.
check.raises("type", { "echo_uint8", "3.7", "fraction" }, calls.echo_uint8, 3.7)
check.raises("range", { "echo_uint8", "300", "0 to 255" }, calls.echo_uint8, 300)
check.raises("range", { "echo_uint8", "-1" }, calls.echo_uint8, -1)
check.raises("range", "float", calls.echo_float, 1e300)
check.raises("type", "fraction", ffi.new, "int", 3.7)
check.raises("range", "0 to 255", function() ffi.new("uint8_t[1]")[0] = 256 end)
-- A boolean. LuaJIT: a number for a bool and a boolean for a number are converted too.
check.equal(ffi.new("bool", true)[0], true, "a boolean")
check.raises("type", "a boolean", calls.echo_bool, 1)
check.raises("type", "expected an integer", calls.echo_uint8, true)
check.equal(ffi.cast("int", true), 1, "a cast makes a number of a boolean")
check.equal(ffi.cast("bool", 2), true, "and a boolean of a number")
check.equal(ffi.cast("bool", 0), false, "0 is false")
-- nil is NULL; a number, a string and a file are no void *. LuaJIT: a file gives its FILE *.
check.equal(calls.pointer_is_null(nil), true, "nil")
check.raises("type", "0", calls.echo_pointer, 0)
check.raises("type", { "not writable", "dll.new" }, calls.echo_pointer, "text")
check.raises("type", "a pointer", calls.echo_pointer, io.stdout)
ffi.cdef "void *fopen(const char *name, const char *mode); int fclose(void *file); char *fgets(char *line, int size, void *file);"
local file = ffi.C.fopen(check.path "calls", "rb")
check.truthy(ffi.C.fgets(ffi.new "char[64]", 64, file), "a file of the C library")
check.equal(ffi.C.fclose(file), 0, "is closed by it")
-- A string: an enumerator, bytes in an array, text for the time of a call. A numeric string is no number.
check.equal(calls.echo_color "BLUE", 6, "an enumerator")
check.raises("type", "PURPLE", calls.echo_color, "PURPLE")
check.equal(ffi.new("enum color[2]", "GREEN")[1], 5, "in memory")
check.equal(ffi.string(ffi.new("uint8_t[8]", "text")), "text", "an array of bytes")
check.equal(ffi.string(ffi.new("int8_t[8]", "text")), "text", "signed bytes")
check.equal(calls.string_length "text", 4, "const char *")
check.equal(calls.bytes_sum("\1\0\2", 3), 3, "const void *")
check.raises("type", '"5"', calls.echo_double, "5")
-- LuaJIT: a string can be stored as a pointer, until Lua collects it. Here memory is another process's: a copy is made there.
check.raises("type", "dll.new", function() holder.text = "text" end)
check.raises("type", "dll.new", ffi.new, "const char *", "text")
check.raises("type", "dll.new", ffi.cast, "const char *", "text")
local copy = ffi.new("char[?]", #"text" + 1, "text")
holder.text = copy
check.equal(ffi.string(holder.text), "text", "the copy is stored")
-- Tables make structs and arrays.
holder.inner = { 1, 2 }
holder.list = { 3, 4 }
check.equal(holder.inner.b + holder.list[1], 6, "tables")
-- C data.
check.equal(calls.echo_double(ffi.new("int", 5)), 5.0, "a number of another type")
check.equal(calls.echo_color(ffi.new("enum color", "GREEN")), 5, "an enumeration")

-- Between C types: numbers as a cast converts them.
check.equal(ffi.cast("int8_t", 200), -56, "narrowed")
check.equal(ffi.cast("uint32_t", -1), 4294967295, "an unsigned type")
check.equal(ffi.cast("int64_t", ffi.new("int8_t", -1)), -1, "sign-extended")
check.equal(ffi.cast("int64_t", ffi.new("uint8_t", 255)), 255, "zero-extended")
check.equal(ffi.cast("double", 3), 3.0, "to a float")
check.equal(ffi.cast("float", 0.1), 0.10000000149011612, "rounded")
check.equal(ffi.cast("uint8_t", 3.99), 3, "cut")
check.equal(ffi.cast("int8_t", -1.99), -1, "towards zero")
check.equal(ffi.cast("int64_t", -1.5), -1, "64 bits")
check.equal(ffi.cast("uint64_t", 2 ^ 63), math.mininteger, "unsigned, the same bits")
check.equal(math.type(ffi.cast("int64_t", ffi.new("int", 5))), "integer", "the result is a Lua number")
-- Complex numbers and numbers.
check.equal(ffi.new("double _Complex", 3).re, 3.0, "a number's real part")
check.equal(ffi.new("double _Complex", 3).im, 0.0, "and no imaginary one")
check.equal(ffi.new("float _Complex", ffi.new("double _Complex", 1, 2)).im, 2.0, "between complex types")
check.equal(ffi.new("double", complex)[0], 1.0, "a complex number's real part")
check.equal(calls.echo_double(complex), 1.0, "also for a parameter")
check.equal(ffi.cast("int", ffi.new("complex", 3.5, 1)), 3, "and by a cast")
-- To pointers: structs, arrays, functions, numbers.
holder.next = ffi.new("struct pair", 5, 6)
check.equal(ffi.istype("struct pair *", holder.next), true, "a struct's address")
check.equal(calls.sum_ints(ffi.new("int[3]", 1, 2, 3), 3), 6, "an array's address")
check.equal(calls.load_int(ffi.new("int[2][2]", { { 4, 5 }, { 6, 7 } })[1]), 6, "a row's address")
holder.call = calls.add
check.equal(holder.call(2, 3), 5, "a function's address")
check.equal(ffi.cast("int (*)(int, int)", calls.add)(3, 4), 7, "also by a cast")
check.equal(ffi.cast("uintptr_t", ffi.cast("int *", 64)), 64, "numbers, by a cast alone")
check.raises("type", "pointer", calls.load_int, 64)
-- Pointers: void * and what it points to go together, const is kept, signedness of integers does not matter.
local cell = ffi.new("int[1]", 9)
check.equal(calls.load_int(ffi.cast("void *", cell)), 9, "from void *")
holder.any = cell
check.equal(ffi.cast("int *", holder.any)[0], 9, "to void *")
check.equal(calls.load_int(ffi.new("unsigned[1]", 9)), 9, "unsigned for int")
check.equal(calls.load_int(ffi.cast("const int *", cell)), 9, "const for const")
ffi.cdef "void store_int(int *target, int value); int string_fill(char *buffer, int count);"
check.raises("type", "const", calls.store_int, ffi.cast("const int *", cell), 1)
check.raises("type", { "int *", "char [4]" }, calls.store_int, ffi.new "char[4]", 1)
local bytes = ffi.new "uint8_t[4]"
calls.string_fill(bytes, 4)
check.equal(bytes[3], 35, "uint8_t for char")
-- To integers: the address, by a cast. An array and a pointer.
check.equal(ffi.cast("uintptr_t", cell), ffi.cast("uintptr_t", cell + 0), "an array's address")
check.equal(ffi.cast("uint8_t", ffi.cast("void *", 300)), 44, "cut as C cuts it")
check.equal(ffi.cast("uintptr_t", ffi.nullptr), 0, "NULL")
check.equal(ffi.cast("int *", 0), nil, "0 is NULL")
check.raises("type", "pointer", ffi.new, "struct pair *", 5)
-- Arrays and structs are copied, those of the same type alone.
check.equal(ffi.new("int[2]", ffi.new("int[2]", 1, 2))[1], 2, "an array")
check.equal(ffi.new("struct pair", ffi.new("struct pair", 1, 2)).b, 2, "a struct")
ffi.cdef "struct other_pair { int a, b; };"
check.raises("type", "struct other_pair", function() holder.inner = ffi.new("struct other_pair", 1, 2) end)
-- What is in no row is an error.
check.raises("type", "double _Complex", ffi.new, "double _Complex", cell + 0)
check.raises("type", "a table", calls.echo_double, {})

-- Variable arguments. LuaJIT: a number is a double; here it is an int, 64 bits where those are too few, or a double.
local text = ffi.new("char[?]", 128)
local function formatted(...)
  return ffi.string(text, ffi.C.sprintf(text, ...))
end
check.equal(formatted("%d %.1f", 5, 5.0), "5 5.0", "an integer and a float")
check.equal(formatted("%lld", 1 << 40), "1099511627776", "more than 32 bits")
check.equal(formatted("%lld %lld", ffi.new("int64_t", 5), ffi.new("int64_t", -6)), "5 -6", "a certain type")
check.equal(formatted("%d%d", true, false), "10", "booleans")
check.equal(formatted("%s", "text"), "text", "a string")
check.equal(formatted("%d", ffi.cast("void *", 0) == nil and 1 or 2), "1", "what was computed")
check.equal(formatted("%.1f", ffi.new("float", 1.5)), "1.5", "a float object becomes a double")
check.equal(formatted("%s", copy), "text", "an array")
check.equal(formatted("%s", copy + 1), "ext", "a pointer")
check.equal(formatted("%d %c", ffi.new("short", 7), ffi.new("char", 65)), "7 A", "small integers become int")
check.equal(formatted("%d", ffi.new("enum color", "BLUE")), "6", "an enumeration")
local place = ffi.new("struct pair", 1, 2)
check.equal(formatted("%p", place), formatted("%p", ffi.cast("void *", place)), "a struct's address")
check.equal(formatted("%p", calls.add), formatted("%p", ffi.cast("void *", calls.add)), "a function's address")
check.equal(formatted("%p", nil), formatted("%p", ffi.nullptr), "nil is NULL")
check.raises("type", { "sprintf", "argument 3", "a table" }, ffi.C.sprintf, text, "%d", {})

check.finish()
