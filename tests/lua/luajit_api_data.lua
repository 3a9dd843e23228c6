-- LuaJIT's ffi functions, rule by rule: what types are like, bytes, the system, and Lua's own functions with C data.
-- "LuaJIT:" says what it does where this module documents something else.
local check = require "check"
local calls = check.library "calls"

local ffi = require "dll"

ffi.cdef[[
typedef struct { char tag; int value; double real; } record_t;
struct flags { int whole; unsigned low:3, high:5; };
struct vls { int count; double values[?]; };
struct incomplete;
int fail_with_errno(int value);
char *string_writable(void);
const char *string_static(void);
const char *string_null(void);
int sum_ints(const int *values, int count);
void *echo_pointer(void *pointer);
]]

-- ffi.sizeof.
check.equal(ffi.sizeof "int", 4, "a text")
check.equal(ffi.sizeof(ffi.typeof "int[3]"), 12, "a type")
check.equal(ffi.sizeof(ffi.new "int[3]"), 12, "an object")
check.equal(ffi.sizeof "record_t", 16, "a struct")
check.equal(ffi.sizeof("int[?]", 5), 20, "with the number of elements")
check.equal(ffi.sizeof(ffi.typeof "int[?]", 5), 20, "also of a type")
check.equal(ffi.sizeof(ffi.new("int[?]", 5)), 20, "of an object without")
local values_at = ffi.offsetof("struct vls", "values")
check.equal(ffi.sizeof("struct vls", 2), values_at + 16, "a struct that ends with [?]")
check.equal(ffi.sizeof(ffi.new("struct vls", 2)), values_at + 16, "of an object without the number")
check.raises("declaration", "int [?]", ffi.sizeof, "int[?]")
check.equal(ffi.sizeof "void", nil, "nil where there is no size")
check.equal(ffi.sizeof "struct incomplete", nil, "nil where it is not known")
check.equal(ffi.sizeof "int (int)", nil, "nil of a function")

-- ffi.alignof.
local eight = check.bits == 32 and not check.is_pe and 4 or 8
check.equal(ffi.alignof "int", 4, "a text")
check.equal(ffi.alignof(ffi.new "short"), 2, "an object")
check.equal(ffi.alignof "record_t", eight, "a struct has that of its strictest member")
check.equal(ffi.alignof "char[64]", 1, "an array that of its elements")

-- ffi.offsetof, with position and width of bit-fields.
check.equal(ffi.offsetof("record_t", "tag"), 0, "the first")
check.equal(ffi.offsetof("record_t", "value"), 4, "the second")
check.equal(ffi.offsetof(ffi.typeof "record_t", "real"), 8, "of a type")
check.equal(select("#", ffi.offsetof("record_t", "value")), 1, "one result")
local offset, bit, width = ffi.offsetof("struct flags", "high")
check.equal(offset, 4, "a bit-field's offset")
check.equal(bit, 3, "its first bit")
check.equal(width, 5, "and its width")
-- LuaJIT: nothing is returned for a field that does not exist.
check.raises("type", { "record_t", "'vlaue'", "value" }, ffi.offsetof, "record_t", "vlaue")

-- ffi.istype.
local record, number = ffi.new "record_t", ffi.new("int", 1)
check.equal(ffi.istype("int", number), true, "the same type")
check.equal(ffi.istype("const int", number), true, "qualifiers aside")
check.equal(ffi.istype("unsigned", number), false, "not another one")
check.equal(ffi.istype("record_t", record), true, "a struct")
check.equal(ffi.istype("record_t", ffi.cast("record_t *", record)), true, "a pointer to it counts as the struct")
check.equal(ffi.istype("record_t *", record), false, "but not the other way round")
check.equal(ffi.istype(ffi.typeof "record_t", record), true, "a type")
check.equal(ffi.istype(record, record), true, "an object as the type")
local pointer = ffi.cast("int *", number)
check.equal(ffi.istype("int *", pointer), true, "a pointer")
check.equal(ffi.istype("const int *", pointer), true, "to const")
check.equal(ffi.istype("int *", ffi.cast("const int *", pointer)), true, "and from it")
check.equal(ffi.istype("void *", pointer), false, "void * is not special")
check.equal(ffi.istype("char *", pointer), false, "nor is another pointer the same")
check.equal(ffi.istype("int[3]", ffi.new "int[3]"), true, "an array")
check.equal(ffi.istype("int[4]", ffi.new "int[3]"), false, "of its length")
for _, other in ipairs { 1, 1.5, "text", true, {}, print, io.stdout, coroutine.create(print) } do
  check.equal(ffi.istype("int", other), false, "no C data")
end
check.equal(ffi.istype("int", nil), false, "nor nil")

-- ffi.errno.
calls.fail_with_errno(2)
check.equal(ffi.errno(), 2, "what the call left")
check.equal(ffi.errno(5), 2, "setting it returns the value before")
check.equal(ffi.errno(), 5, "and sets it")
collectgarbage()
check.equal(ffi.errno(), 5, "other work leaves it alone")

-- ffi.string. LuaJIT: no Lua strings are taken; as a result of `const char *` is one here, they are.
check.equal(ffi.string(calls.string_writable()), "writable", "up to the zero")
check.equal(ffi.string(calls.string_writable(), 5), "writa", "as long as told")
check.equal(ffi.string(calls.string_static()), calls.string_static(), "code that converts results goes on working")
check.equal(ffi.string("text", 2), "te", "with a length too")
check.equal(ffi.string(ffi.new("char[8]", "a\0b"), 4), "a\0b\0", "zeros inside")
check.equal(ffi.string(ffi.new("int[2]", 0x64636261, 0x68676665), 8), "abcdefgh", "what is no array of bytes")
check.equal(ffi.string(ffi.cast("void *", ffi.new("char[4]", "abc")), 2), "ab", "void *")
check.raises("range", "9 bytes", ffi.string, ffi.new "char[8]", 9)

-- ffi.copy.
local from, to = ffi.new("int[3]", 1, 2, 3), ffi.new("int[3]")
ffi.copy(to, from, ffi.sizeof(from))
check.equal(to[2], 3, "from an object")
ffi.copy(to, ffi.cast("void *", from + 1), 8)
check.equal(to[0], 2, "from a pointer")
local buffer = ffi.new("char[6]", "xxxxx")
ffi.copy(buffer, "abc")
check.equal(ffi.string(buffer, 6), "abc\0x\0", "a string comes with its zero")
ffi.copy(buffer, "12345", 2)
check.equal(ffi.string(buffer, 6), "12c\0x\0", "with a length it does not")
ffi.copy(buffer, "12345", 6)
check.equal(ffi.string(buffer, 6), "12345\0", "the length may count it")
ffi.copy(buffer + 3, "z", 1)
check.equal(ffi.string(buffer), "123z5", "into the middle")
-- LuaJIT: more than the string or the object has is copied all the same.
check.raises("range", "7 bytes", ffi.copy, ffi.new "char[9]", "12345", 7)
check.raises("range", "6 bytes", ffi.copy, ffi.new "char[5]", "12345")
check.equal(ffi.string(buffer), "123z5", "nothing else has changed")

-- ffi.fill.
ffi.fill(buffer, 5, 65)
check.equal(ffi.string(buffer), "AAAAA", "a byte")
ffi.fill(buffer, 2)
check.equal(ffi.string(buffer, 5), "\0\0AAA", "zeros")
ffi.fill(ffi.cast("void *", buffer + 2), 1, 0xff)
check.equal(ffi.cast("uint8_t *", buffer)[2], 255, "through a pointer")
check.raises("range", "7 bytes", ffi.fill, buffer, 7)
-- LuaJIT: a byte is cut from any integer.
check.raises("range", "-1", ffi.fill, buffer, 1, -1)
ffi.fill(buffer, 1, -1 & 0xff)
check.equal(buffer[0], ffi.cast("char", 255), "what the lowest byte is")

-- ffi.abi, ffi.os, ffi.arch speak of where the library runs.
check.equal(ffi.abi "32bit", check.bits == 32, "32bit")
check.equal(ffi.abi "64bit", check.bits == 64, "64bit")
check.equal(ffi.abi "le", true, "le")
check.equal(ffi.abi "be", false, "be")
check.equal(ffi.abi "fpu", true, "fpu")
check.equal(ffi.abi "softfp", false, "softfp")
check.equal(ffi.abi "hardfp", true, "hardfp")
check.equal(ffi.abi "eabi", false, "eabi")
check.equal(ffi.abi "win", check.is_pe, "win")
check.equal(ffi.abi "nothing_like_it", false, "an unknown word")
check.equal(ffi.os, check.is_pe and "Windows" or "Linux", "os")
check.equal(ffi.arch, check.bits == 32 and "x86" or "x64", "arch")

-- tonumber of C data is dll.tonumber, as Lua's own does not know C data. What is read from C data is a number already.
check.equal(ffi.tonumber(ffi.new("int", 5)), 5, "an integer")
check.equal(ffi.tonumber(ffi.new("double", 5)), 5.0, "a float")
check.equal(ffi.tonumber(ffi.new("int64_t", math.mininteger)), math.mininteger, "64 bits, without a loss of precision")
check.equal(ffi.tonumber(7), 7, "a number")
check.equal(ffi.tonumber(record), nil, "no number")
check.equal(tonumber(ffi.new("int", 5)), nil, "Lua's tonumber does not know objects")
check.equal(tonumber(ffi.new("int64_t[1]", 5)[0]), 5, "but what is read from them")

-- tostring. LuaJIT: "cdata<type>: address" and "5LL"; here the values are shown too.
check.equal(tostring(ffi.typeof "int *"), "ctype<int *>", "a type")
check.contains(tostring(record), { "record_t 0x", "tag = 0", "real = 0.0" }, "an object")
check.contains(tostring(ffi.new("int64_t", 5)), { "int64_t 0x", "= 5" }, "a number")
check.contains(tostring(ffi.cast("int *", 64)), { "int * 0x00000", "40" }, "a pointer")

-- pairs and ipairs. LuaJIT: an error without metamethods.
local fields = {}
for name, value in pairs(ffi.new("record_t", 1, 2, 3)) do
  fields[#fields + 1] = name .. "=" .. value
end
check.equal(table.concat(fields, " "), "tag=1 value=2 real=3.0", "the fields in their order")
local elements = {}
for index, value in ipairs(ffi.new("int[3]", 4, 5, 6)) do
  elements[#elements + 1] = index .. "=" .. value
end
check.equal(table.concat(elements, " "), "0=4 1=5 2=6", "the elements, from 0")
ffi.cdef "typedef struct { int n; } countdown_t;"
ffi.metatype("countdown_t", {
  __pairs = function(self) return next, { n = "pairs" }, nil end,
  __ipairs = function(self)
    return function(limit, n) if n > limit then return n - 1, n end end, 0, self.n + 1
  end,
})
local countdown = ffi.new("countdown_t", 3)
for _, value in pairs(countdown) do
  check.equal(value, "pairs", "__pairs")
end
local steps = {}
for _, value in ipairs(countdown) do
  steps[#steps + 1] = value
end
check.equal(table.concat(steps, " "), "4 3 2 1", "__ipairs")

-- The functions take a number of C wherever they take a number.
local five = ffi.new("int", 5)
check.equal(#ffi.new("char[?]", five), 5, "a number of elements")
check.equal(ffi.sizeof("int[?]", five), 20, "for a size")
check.equal(ffi.string(ffi.new("char[8]", "abcdefg"), five), "abcde", "a length")
ffi.copy(buffer, "123456", five)
ffi.fill(buffer + 4, ffi.new("int", 1), ffi.new("uint8_t", 33))
check.equal(ffi.string(buffer, 5), "1234!", "of bytes")

check.finish()
