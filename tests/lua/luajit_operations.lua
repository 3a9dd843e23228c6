-- LuaJIT's operations on C data: indexing, calling, arithmetic, comparing, use as keys. "LuaJIT:" says what it does where
-- this module documents something else.
local check = require "check"
local calls = check.library "calls"

local ffi = require "dll"

ffi.cdef[[
struct pair { int a, b; };
struct node { int value; struct node *next; };
struct incomplete;
struct fixed { const int constant; int variable; };
enum color { RED, GREEN = 5, BLUE };
int add(int a, int b);
int *static_ints(void);
const int *constant_ints(void);
void *echo_pointer(void *value);
uint64_t echo_uint64(uint64_t value);
]]

-- Indexing arrays and pointers, with numbers of Lua and of C.
local array = ffi.new("int[4]", 10, 11, 12, 13)
local pointer = ffi.cast("int *", array)
check.equal(array[2], 12, "an array")
check.equal(pointer[2], 12, "a pointer")
check.equal(array[2.0], 12, "a float without a fraction")
check.equal(array[ffi.new("int", 2)], 12, "a number of C")
check.equal(pointer[ffi.new("int64_t", 2)], 12, "of any integer type")
pointer[3] = 33
check.equal(array[3], 33, "written through the pointer")
check.equal((pointer + 2)[-1], 11, "before the pointer")
check.equal(calls.static_ints()[1], 20, "the library's memory")
check.equal(ffi.new("int[2][3]", { { 1, 2, 3 }, { 4, 5, 6 } })[1][0], 4, "an array of arrays")
-- LuaJIT: nothing is checked. Here an object knows its bounds, and an address where there is nothing is an error.
check.raises("range", { "int [4]", "0 to 3" }, function() return array[4] end)
check.raises("range", "-1", function() array[-1] = 1 end)
check.raises("range", "int *", function() return pointer[4] end)
check.raises("memory", "int *", function() return ffi.cast("int *", 64)[0] end)
check.raises("type", "1.5", function() return array[1.5] end)
-- What has no size cannot be indexed, what is const cannot be written.
check.raises("type", "void *", function() return ffi.cast("void *", array)[0] end)
check.raises("type", "struct incomplete", function() return ffi.cast("struct incomplete *", array)[0] end)
check.raises("type", "const", function() calls.constant_ints()[0] = 1 end)
check.raises("type", "const", function() ffi.new("const int[2]", 1, 2)[0] = 1 end)

-- Fields of structs, also through pointers.
local pair = ffi.new("struct pair", 1, 2)
local pair_pointer = ffi.cast("struct pair *", pair)
check.equal(pair.b, 2, "a field")
check.equal(pair_pointer.b, 2, "through a pointer")
pair_pointer.b = 5
check.equal(pair.b, 5, "written through it")
check.equal(pair_pointer[0].b, 5, "the struct that it points to")
local pairs_of_ints = ffi.new("struct pair[2]", { { 1, 2 }, { 3, 4 } })
check.equal((pairs_of_ints + 1).a, 3, "an element's pointer")
local second = ffi.new("struct node", 2)
local first = ffi.new("struct node", 1, second)
check.equal(first.next.value, 2, "a list")
check.equal(first.next.next, nil, "and its end")
check.raises("type", { "struct pair", "'c'" }, function() return pair.c end)
check.raises("type", "const", function() ffi.new("const struct pair", 1, 2).a = 1 end)
local fixed = ffi.new("struct fixed", 1, 2)
fixed.variable = 3
check.raises("type", { "'constant'", "const" }, function() fixed.constant = 2 end)
check.raises("type", "incomplete", function() return ffi.cast("struct incomplete *", array).field end)

-- Complex numbers, by name and by number. LuaJIT: their parts cannot be written; here an object's can.
local complex = ffi.new("complex", 1, 2)
check.equal(complex.re, 1.0, "re")
check.equal(complex.im, 2.0, "im")
check.equal(complex[0], 1.0, "[0]")
check.equal(complex[1], 2.0, "[1]")
local numbers = ffi.new("complex[2]")
numbers[1] = complex
check.equal(numbers[1].im, 2.0, "a complex number is assigned as a whole")

-- Constants of types.
check.equal(ffi.typeof "enum color".BLUE, 6, "an enumerator of its type")
check.raises("type", "nothing_like_it", function() return ffi.typeof "struct pair".nothing_like_it end)

-- Calling: a type makes an object, a function and a pointer to one are called, anything else is an error.
check.equal(ffi.typeof "struct pair"(3, 4).b, 4, "a constructor")
check.equal(calls.add(2, 3), 5, "a function")
local function_pointer = ffi.cast("int (*)(int, int)", calls.add)
check.equal(function_pointer(2, 3), 5, "a pointer to one")
check.equal(ffi.new("struct { int (*f)(int, int); }", calls.add).f(2, 3), 5, "a member")
check.raises("type", "struct pair", function() return pair() end)
check.raises("type", "2 arguments", calls.add, 1)
-- A function that is stdcall in the library is called as such, however it was declared.
ffi.cdef "int stdcall_add(int a, int b);"
if check.decorates then
  check.equal(calls.stdcall_add(20, 22), 42, "the symbol tells the convention")
end

-- Pointer arithmetic.
check.equal((pointer + 1)[0], 11, "pointer + n")
check.equal((1 + pointer)[0], 11, "n + pointer")
check.equal((pointer + 2 - 1)[0], 11, "pointer - n")
check.equal((array + 1)[0], 11, "array + n")
check.equal((pointer + ffi.new("int", 3))[0], 33, "a number of C")
check.equal(ffi.istype("int *", array + 1), true, "the type of the result")
check.equal(ffi.cast("uintptr_t", pairs_of_ints + 1) - ffi.cast("uintptr_t", pairs_of_ints), 8, "counts elements")
local rows = ffi.new("int[2][3]", { { 1, 2, 3 }, { 4, 5, 6 } })
check.equal((rows + 1)[0][2], 6, "a row's pointer")
check.raises("type", "1", function() return 1 - pointer end)
check.raises("type", "void *", function() return ffi.cast("void *", array) + 1 end)
check.raises("type", "struct incomplete", function() return ffi.cast("struct incomplete *", array) + 1 end)
-- Pointer difference.
check.equal((pointer + 3) - pointer, 3, "pointer - pointer")
check.equal((array + 3) - array, 3, "with an array")
check.equal((pairs_of_ints + 1) - pairs_of_ints, 1, "of structs")
check.raises("type", { "int", "char" }, function() return pointer - ffi.new("char[4]") end)
check.raises("type", "void *", function() return ffi.cast("void *", array) - ffi.cast("void *", array) end)

-- 64-bit arithmetic is that of Lua's integers, which wraps as C's does. LuaJIT: division rounds towards zero, and everything
-- is unsigned if one side is; here `/` gives a float, `//` rounds down, and math.ult compares unsigned integers.
local seven, two = ffi.new("int64_t", 7), ffi.new("int64_t", 2)
check.equal(seven + two, 9, "+")
check.equal(seven + 1, 8, "with a Lua number")
check.equal(1 - seven, -6, "-")
check.equal(seven * two, 14, "*")
check.equal(seven / two, 3.5, "/")
check.equal(seven // two, 3, "//")
check.equal(-seven // two, -4, "which rounds down")
check.equal(seven % two, 1, "%")
check.equal(seven ^ two, 49.0, "^")
check.equal(-seven, -7, "unary -")
check.equal(seven & 3, 3, "&")
check.equal(seven | 8, 15, "|")
check.equal(seven ~ 1, 6, "~")
check.equal(~seven, -8, "unary ~")
check.equal(seven << 1, 14, "<<")
check.equal(seven >> 1, 3, ">>")
check.equal(ffi.new("int64_t", math.maxinteger) + 1, math.mininteger, "wraps")
check.equal(calls.echo_uint64(math.maxinteger) + 1, math.mininteger, "unsigned too")
check.equal(math.type(seven + two), "integer", "the result is a Lua integer")
check.equal(ffi.new("double", 0.5) + 1, 1.5, "other numbers as well")
check.equal(ffi.new("enum color", "GREEN") + 1, 6, "enumerations")
-- LuaJIT: a string beside an enumeration is its enumerator. Here the type has them.
check.raises("type", "BLUE", function() return ffi.new("enum color", "GREEN") + "BLUE" end)
check.equal(ffi.new("enum color", "GREEN") + ffi.typeof "enum color".BLUE, 11, "with the type's enumerator")
check.raises("type", "struct pair", function() return pair + 1 end)

-- Comparing pointers: the same place, and which comes first.
check.equal(pointer == array + 0, true, "the same place")
check.equal(pointer == pointer + 1, false, "another")
check.equal(pointer < pointer + 1, true, "<")
check.equal(pointer <= pointer, true, "<=")
check.equal(pointer + 1 > pointer, true, ">")
check.equal(pointer >= pointer + 1, false, ">=")
check.equal(pair_pointer == pair, true, "a struct is where its pointer leads")
check.equal(ffi.cast("char *", array) == pointer, true, "other types by their address")
check.equal(ffi.cast("int *", -1) > pointer, true, "addresses are unsigned")
check.equal(pointer > nil, true, "nil is NULL, which is before all others")
check.equal(pointer <= nil, false, "on either side")
check.equal(nil < pointer, true, "of the operator")
check.raises("type", { "char", "int" }, function() return ffi.cast("char *", array) < pointer end)
-- LuaJIT: a NULL pointer equals nil. Here what is read, returned and cast is nil itself; an object never equals nil, as Lua
-- does not ask it, but it equals dll.nullptr.
check.equal(calls.echo_pointer(nil) == nil, true, "a result")
check.equal(ffi.cast("int *", 0) == nil, true, "a cast")
check.equal(pointer == nil, false, "a pointer that leads somewhere")
check.equal(ffi.new "int *" == nil, false, "an object that holds NULL is no nil")
check.equal(ffi.new "int *" == ffi.nullptr, true, "but NULL")

-- Comparing numbers. LuaJIT: also a C number and a Lua number with ==. Lua 5.4 does not ask objects for that.
check.equal(seven < 8, true, "<")
check.equal(8 > seven, true, ">")
check.equal(two <= seven, true, "two numbers of C")
check.equal(seven == ffi.new("int64_t", 7), true, "== of two numbers of C")
check.equal(seven[0] == 7, true, "the value of one and a Lua number")
check.equal(ffi.tonumber(seven) == 7, true, "dll.tonumber")
check.equal(seven == 7, false, "an object is no Lua number")
-- Equality is never an error, order is where it means nothing.
check.equal(pair == 1, false, "a struct and a number")
check.equal(pair == "pair", false, "and a string")
check.equal(pair == ffi.new("struct pair", 1, 5), false, "another struct with the same values")
check.equal(pointer == {}, false, "a pointer and a table")
check.raises("type", "struct pair", function() return pair < pair end)
check.raises("type", "a table", function() return pointer < {} end)

-- As keys of a table objects are themselves, not their values. What is read from C is a Lua number, and a good key.
local keys = {}
keys[seven] = "object"
check.equal(keys[seven], "object", "the object")
check.equal(keys[ffi.new("int64_t", 7)], nil, "not its value")
keys[seven[0]] = "number"
check.equal(keys[7], "number", "a number that was read")
keys[calls.echo_uint64(1 << 60)] = "wide"
check.equal(keys[1 << 60], "wide", "64 bits as well")
keys[ffi.string(pair, ffi.sizeof(pair))] = "bytes"
check.equal(keys[ffi.string(ffi.new("struct pair", 1, 5), 8)], "bytes", "a struct's bytes")

-- LuaJIT: what a library does to its memory, it does to the program. Here the program goes on.
ffi.cdef "size_t strlen(const char *text);"
check.raises("crash", "strlen", function() return ffi.C.strlen(ffi.cast("const char *", 16)) end)
check.equal(ffi.C.strlen "four", 4, "the next call")
check.raises("stale", "int [4]", function() return array[0] end)

check.finish()
