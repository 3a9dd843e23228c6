-- LuaJIT's ffi functions, rule by rule: symbols, objects and types. The rest is in luajit_api_data.lua. "LuaJIT:" says what
-- it does where this module documents something else.
local check = require "check"
local calls = check.library "calls"

local ffi = require "dll"

-- ffi.cdef: comments, declarations of types and of functions, and one without its semicolon.
ffi.cdef[[
typedef struct foo { int a, b; } foo_t;  // Declare a struct and typedef.
int dofoo(foo_t *f, int n);  /* Declare an external C function. */
]]
ffi.cdef "int add(int a, int b)"
check.equal(calls.add(2, 3), 5, "the last semicolon may be left out")
check.equal(ffi.sizeof "foo_t", 8, "a struct and its typedef")
check.equal(ffi.sizeof "struct foo", 8, "by both names")
-- Declared is not bound: a name that no library has is an error when it is used.
check.raises("symbol", "dofoo", function() return calls.dofoo end)
check.raises("declaration", "was_never_declared", function() return calls.was_never_declared end)
-- LuaJIT: there are no preprocessor lines but #pragma pack.
ffi.cdef [[
#define ANSWER 42
#define API extern unsigned int
#if ANSWER > 41
enum { QUESTION = 6 };
#endif
API bytes_sum(const void *bytes, size_t length);
]]
check.equal(ffi.C.ANSWER, 42, "#define of a value")
check.equal(ffi.C.QUESTION, 6, "#if")
check.equal(calls.bytes_sum("\1\2", 2), 3, "#define of words")
check.raises("declaration", { "#include", "gcc -E" }, ffi.cdef, '#include "of_a_program.h"')
-- LuaJIT: most declarations that differ from an earlier one are ignored.
ffi.cdef "struct foo { int a, b; };"
check.raises("declaration", { "struct foo", "conflicting declarations" }, ffi.cdef, "struct foo { int a, b, c; };")
check.equal(ffi.sizeof "struct foo", 8, "nothing of a wrong text is kept")

-- ffi.C: the C library, the mathematics, and on Windows the system's usual libraries.
ffi.cdef[[
size_t strlen(const char *text);
double floor(double value);
void *malloc(size_t bytes);
void free(void *memory);
void *GetModuleHandleA(const char *name);
int GetSystemMetrics(int index);
void *GetStockObject(int index);
]]
check.equal(ffi.C.strlen "four", 4, "the C library")
check.equal(ffi.C.floor(-1.5), -2.0, "the mathematics")
if check.is_pe then
  check.truthy(ffi.C.GetModuleHandleA(nil), "kernel32, a stdcall function that is declared without saying so")
  check.truthy(ffi.C.GetSystemMetrics(0) >= 0, "user32")
  check.truthy(ffi.C.GetStockObject(0), "gdi32")
end

-- ffi.load: a path, and a bare name without its beginning and end.
check.equal(ffi.load(check.path "calls").add(1, 1), 2, "a path")
if check.is_pe then
  check.equal(type(ffi.load("kernel32")), "table", ".dll is added")
else
  ffi.cdef "double cbrt(double value);"
  check.equal(ffi.load("m").cbrt(27), 3.0, "lib and .so are added")
end
-- LuaJIT: `true` loads the symbols into the global namespace too. Here each library keeps to its own.
check.equal(ffi.load(check.path "calls", true).add(1, 2), 3, "the argument 'global' is accepted")
check.raises("load", "no_such_library", ffi.load, "no_such_library")

-- ffi.new, with a text, a type, and an object as the type. LuaJIT: type() gives "cdata".
local foo_t = ffi.typeof "foo_t"
check.equal(type(ffi.new "int"), "userdata", "objects are userdata")
check.equal(ffi.new("foo_t", 1, 2).b, 2, "a text")
check.equal(ffi.new(foo_t, 1, 2).b, 2, "a type")
check.equal(ffi.new(ffi.new "foo_t", 1, 2).b, 2, "an object as the type")
check.equal(foo_t(1, 2).b, 2, "a type as the constructor")
check.equal(#ffi.new("int[?]", 5), 5, "the number of elements")
check.equal(#ffi.typeof("int[?]")(5), 5, "and of a constructor")
check.equal(ffi.new("int[?]", 3, 7, 8, 9)[2], 9, "before the values")
check.raises("declaration", "number of elements", ffi.new, "int[?]")
ffi.cdef "struct vls { int count; double values[?]; };"
check.raises("declaration", "number of elements", ffi.new, "struct vls")
check.equal(#ffi.new("struct vls", 3).values, 3, "a struct that ends with [?]")
check.raises("range", { "int [2]", "got 3" }, ffi.new, "int[2]", 1, 2, 3)
check.raises("range", "got 3", ffi.new, "foo_t", 1, 2, 3)
check.raises("range", "got 2", ffi.new, "int", 1, 2)
-- LuaJIT: a struct without a name is another type each time. Here the same members make the same type.
local nameless = ffi.new "struct { int a; }"
check.equal(ffi.istype("struct { int a; }", nameless), true, "the same text again")
check.equal(ffi.istype("struct { int b; }", nameless), false, "another member")
check.equal(ffi.istype(ffi.typeof(nameless), nameless), true, "its own type")

-- ffi.typeof.
check.equal(tostring(ffi.typeof "int *"), "ctype<int *>", "of a text")
check.equal(ffi.typeof(foo_t), foo_t, "of a type")
check.equal(ffi.typeof(foo_t(1, 2)), foo_t, "of an object")
check.equal(ffi.typeof(ffi.cast("int *", 64)), ffi.typeof "int *", "of a pointer")
check.raises("declaration", "no_such_type", ffi.typeof, "no_such_type")

-- ffi.cast: over the checks of pointers, and between pointers and addresses. LuaJIT: numbers are boxed; here a cast to a
-- number gives the number.
local letters = ffi.new("char[8]", "abcdefg")
check.equal(ffi.cast("uint8_t *", letters)[1], 98, "another type")
check.equal(ffi.cast("uint32_t *", letters)[0], 0x64636261, "of another size")
local address = ffi.cast("uintptr_t", letters)
check.equal(math.type(address), "integer", "a pointer's address")
check.truthy(ffi.cast("char *", address) == letters + 0, "an address's pointer")
check.equal(ffi.cast("int", 3.7), 3, "numbers as C does")
check.equal(ffi.cast("uint8_t", 300), 44, "which cuts")
check.raises("type", "foo_t", ffi.cast, "foo_t", 1)
check.raises("type", "a table", ffi.cast, "int", {})

-- ffi.metatype: once, for structs and unions; what the type has itself comes first. LuaJIT: also complex and vector types.
ffi.cdef "typedef struct { int n; } number_t; typedef union { int i; float f; } union_t;"
local number_t
local meta = {
  __index = function(self, key) return key == "double" and self.n * 2 or nil end,
  __newindex = function(self, key, value) self.n = value end,
  __call = function(self, more) return self.n + more end,
  __tostring = function(self) return "number " .. self.n end,
  __len = function(self) return self.n end,
  __unm = function(self) return number_t(-self.n) end,
  __add = function(l, r) return number_t((type(l) == "number" and l or l.n) + (type(r) == "number" and r or r.n)) end,
  __sub = function(l, r) return number_t(l.n - r.n) end,
  __mul = function(l, r) return number_t(l.n * r.n) end,
  __div = function(l, r) return l.n / r.n end,
  __mod = function(l, r) return number_t(l.n % r.n) end,
  __pow = function(l, r) return l.n ^ r.n end,
  __concat = function(l, r) return tostring(l) .. "|" .. tostring(r) end,
  __eq = function(l, r) return l.n == r.n end,
  __lt = function(l, r) return l.n < r.n end,
  __le = function(l, r) return l.n <= r.n end,
  __pairs = function(self) return next, { n = self.n }, nil end,
  __new = function(ct, n) return ffi.new(ct, n or 100) end,
}
number_t = ffi.metatype("number_t", meta)
local five, two = number_t(5), number_t(2)
check.equal(five.double, 10, "__index")
check.equal(five.n, 5, "a declared field comes first")
five.whatever = 6
check.equal(five.n, 6, "__newindex")
five.n = 5
check.equal(five(1), 6, "__call")
check.equal(tostring(five), "number 5", "__tostring")
check.equal(#five, 5, "__len")
check.equal((-five).n, -5, "__unm")
check.equal((five + two).n, 7, "__add")
check.equal((five + 1).n, 6, "with a number on the right")
check.equal((1 + five).n, 6, "or on the left")
check.equal((five - two).n, 3, "__sub")
check.equal((five * two).n, 10, "__mul")
check.equal(five / two, 2.5, "__div")
check.equal((five % two).n, 1, "__mod")
check.equal(five ^ two, 25.0, "__pow")
check.equal(five .. two, "number 5|number 2", "__concat")
check.equal(five .. "x", "number 5|x", "with a string")
check.equal(five == number_t(5), true, "__eq")
check.equal(two < five, true, "__lt")
check.equal(five <= two, false, "__le")
check.equal(select(2, pairs(five)).n, 5, "__pairs")
check.equal(number_t().n, 100, "__new")
check.equal(ffi.new("number_t").n, 0, "which dll.new does not call")
check.equal(ffi.cast("number_t *", five).double, 10, "through a pointer")
check.equal(ffi.new("number_t[2]", { { 1 }, { 2 } })[1].double, 4, "in an array")
-- The left operand's metamethod is asked first, and those of Lua 5.4 are there too.
ffi.cdef "typedef struct { int n; } left_t; typedef struct { int n; } right_t;"
local closed
local function named(name)
  return function() return name end
end
local left_t = ffi.metatype("left_t", {
  __add = named "left", __idiv = named "//", __band = named "&", __bor = named "|", __bxor = named "~", __bnot = named "not",
  __shl = named "<<", __shr = named ">>", __close = function(self) closed = self.n end,
})
local right_t = ffi.metatype("right_t", { __add = named "right", __sub = named "right" })
local left, right = left_t(1), right_t(2)
check.equal(left + right, "left", "the left one")
check.equal(right + left, "right", "the left one again")
check.equal(left - right, "right", "the right one, where the left one has none")
check.equal(left // 1 .. (left & 1) .. (1 | left) .. (left ~ left) .. ~left .. (left << 1) .. (1 >> left), "//&|~not<<>>", "5.4's")
do
  local closing <close> = left_t(8)
end
check.equal(closed, 8, "__close")
check.raises("type", { "number_t", "already" }, ffi.metatype, "number_t", {})
check.raises("type", { "int", "struct or union" }, ffi.metatype, "int", {})
local union_type = ffi.metatype("union_t", { __index = { zero = function(self) self.i = 0 end, LIMIT = 9 } })
local union = union_type(5)
union:zero()
check.equal(union.i, 0, "a union, and a method")
check.equal(union_type.LIMIT, 9, "the type has what its __index has")
-- LuaJIT: looking up what neither the type nor its __index has is an error too.
check.raises("type", { "union_t", "nothing_like_it" }, function() return union.nothing_like_it end)
check.raises("type", { "union_t", "nothing_like_it" }, function() union.nothing_like_it = 1 end)

-- ffi.gc: a finalizer that is a function of Lua or of a library; nil takes it back.
local memory = ffi.C.malloc(16)
check.truthy(rawequal(ffi.gc(memory, ffi.C.free), memory), "the pointer itself is returned")
ffi.C.free(ffi.gc(memory, nil))
memory = nil
local p = ffi.gc(ffi.C.malloc(16), ffi.C.free)
p = nil
local finalized = {}
ffi.gc(ffi.new("int[2]", 7), function(object) finalized[#finalized + 1] = object[1] end)
ffi.gc(ffi.gc(ffi.new("int[2]", 8), function() finalized[#finalized + 1] = "taken back" end), nil)
local kept = ffi.gc(ffi.new("int[2]", 9), function(object) finalized[#finalized + 1] = object[1] end)
collectgarbage()
collectgarbage()
check.equal(table.concat(finalized, " "), "7", "what nothing leads to is finalized, once")
check.equal(kept[0], 9, "what is used is not")
kept = nil
collectgarbage()
collectgarbage()
check.equal(table.concat(finalized, " "), "7 9", "until nothing leads to it")
ffi.cdef "struct collected { int n; };"
ffi.metatype("struct collected", { __gc = function(object) finalized[#finalized + 1] = object.n end })
ffi.new("struct collected", 11)
collectgarbage()
collectgarbage()
check.equal(finalized[3], 11, "__gc")
check.raises("type", "5", ffi.gc, 5, print)

check.finish()
