-- LuaJIT's rules for libraries as namespaces, for declarations with `$`, and for what lives how long. "LuaJIT:" says what it
-- does where this module documents something else.
local check = require "check"
local calls = check.library "calls"

local ffi = require "dll"

ffi.cdef[[
extern int global_number;
int add(int a, int b);
int declared_but_missing(int value);
int count_call(void);
enum { FIRST = 1, SECOND };
static const int LIMIT = 64;
struct pair { int a, b; };
int sum_ints(const int *values, int count);
void store_pointer(void **target, void *value);
void *malloc(size_t bytes);
void free(void *memory);
int string_length(const char *text);
size_t strlen(const char *text);
int sprintf(char *buffer, const char *format, ...);
]]

-- Reading a name of a library: a function, a variable's value, a constant.
check.contains(tostring(calls.add), "int add(int", "a function")
check.equal(calls.add, calls.add, "is looked up once")
check.equal(calls.global_number, 42, "a variable")
check.equal(calls.SECOND, 2, "an enumerator")
check.equal(calls.LIMIT, 64, "a constant")
check.equal(ffi.C.SECOND + ffi.C.LIMIT, 66, "also of dll.C")
-- The declaration comes first, then the symbol; each is an error of its own.
check.raises("declaration", { "not_declared", "declared" }, function() return calls.not_declared end)
check.raises("declaration", { "dll.C", "not_declared" }, function() return ffi.C.not_declared end)
check.raises("symbol", "declared_but_missing", function() return calls.declared_but_missing end)
check.raises("symbol", "declared_but_missing", function() return ffi.C.declared_but_missing end)
-- A library's symbols are not everybody's.
check.raises("symbol", "count_call", function() return ffi.C.count_call end)

-- Writing: variables, with the conversions of their type, and nothing else, whether or not it was read before.
calls.global_number = 43
check.equal(calls.global_number, 43, "a variable")
check.raises("type", "fraction", function() calls.global_number = 1.5 end)
check.raises("range", "2147483648", function() calls.global_number = 2147483648 end)
check.equal(calls.global_number, 43, "what does not fit changes nothing")
calls.global_number = 42
local function assign(library, name)
  return function() library[name] = 1 end
end
for _, library in ipairs { calls, ffi.C } do
  for _, name in ipairs { "add", "FIRST", "SECOND", "LIMIT", "strlen", "nothing_like_it" } do
    check.truthy(not pcall(assign(library, name)), name .. " is assigned")
  end
end
check.equal(calls.add(20, 22), 42, "the function is still itself")
check.equal(calls.SECOND, 2, "and the constant")

-- Two loads of a library are one library.
calls.global_number = 7
check.equal(ffi.load(check.path "calls").global_number, 7, "one variable")
calls.global_number = 42

-- A function keeps its library: it can be called when nothing else leads to that.
local add = ffi.load(check.path "calls").add
collectgarbage()
collectgarbage()
check.equal(add(1, 2), 3, "a function of its own")

-- Parameterised types: a type, a name, a number in the place of each `$`. The examples of the page.
local type1, name1, name2, width, height = ffi.typeof "struct pair", "first", "second", 3, 4
ffi.cdef([[
typedef struct { $ $; } foo_t;
]], type1, name1)
check.equal(ffi.new("foo_t", { { 1, 2 } }).first.b, 2, "a field's type and name")
local bar_t = ffi.typeof("struct { int $, $; }", name1, name2)
check.equal(bar_t(1, 2).second, 2, "names")
local bar_ptr_t = ffi.typeof("$ *", bar_t)
local bar = bar_t(3, 4)
check.equal(ffi.cast(bar_ptr_t, bar).second, 4, "a pointer to a type without a name")
local matrix_t = ffi.typeof("uint8_t[$][$]", width, height)
check.equal(ffi.sizeof(matrix_t), 12, "lengths")
check.equal(#matrix_t()[0], 4, "of both dimensions")
check.equal(ffi.sizeof(ffi.typeof("$[2]", bar)), 16, "an object stands for its type")
ffi.cdef("enum { $ = $, $ };", "THIRTY", 30, "THIRTY_ONE")
check.equal(ffi.C.THIRTY_ONE, 31, "enumerators")
-- It is no substitution of text: a string is a name, and each `$` has its argument.
check.raises("declaration", "'int'", ffi.cdef, "typedef struct { $ field; } wrong_t;", "int")
check.raises("declaration", "$", ffi.typeof, "struct { $ a; $ b; }", type1)
check.raises("declaration", "$", ffi.typeof, "int", type1)
-- The other functions take no arguments for it.
check.raises("declaration", "$", ffi.new, "$", type1)
check.raises("declaration", "$", ffi.sizeof, "$")

-- An object lives as long as something leads to it. LuaJIT: a pointer does not; here one that was made from the object does,
-- so that the page's wrong example works as long as it does not go through memory.
local function address_of_new_object()
  return ffi.cast("int *", ffi.new("int[2]", 8, 9))
end
local pointer = address_of_new_object()
local element = ffi.new("struct pair[2]", { { 1, 2 }, { 3, 4 } })[1]
local arithmetic = ffi.new("int[3]", 5, 6, 7) + 2
collectgarbage()
collectgarbage()
for _ = 1, 200 do
  ffi.new("int[4]", 77)
end
check.equal(pointer[1], 9, "a cast keeps its object")
check.equal(element.b, 4, "an element keeps the whole")
check.equal(arithmetic[0], 7, "so does arithmetic")
-- As there, a pointer in memory keeps nothing: the array has to be kept beside it.
ffi.cdef "typedef struct { int *a; } holder_t;"
local a = ffi.new("int[10]", 3)
local s = ffi.new("holder_t", a)
collectgarbage()
check.equal(s.a[9], 3, "an array that is kept")
check.truthy(s.a == a + 0, "leads there")

-- Arguments live until the call returns, so that they can be made in place.
local text = ffi.new("char[?]", 32)
for number = 1, 50 do
  ffi.C.sprintf(text, "%d %s", ffi.new("int", number), ffi.new("char[?]", 5, "text"))
end
check.equal(ffi.string(text), "50 text", "objects for one call")
check.equal(calls.sum_ints(ffi.new("int[3]", 1, 2, 3), 3), 6, "an array for one call")
-- A string is only copied for the call, however long it is kept there.
check.equal(calls.string_length(("x"):rep(1000)), 1000, "a string for one call")

-- Memory of malloc is the program's to give back, or dll.gc's. It is like any other.
local allocated = ffi.cast("int *", ffi.C.malloc(8))
allocated[1] = 5
check.equal(calls.sum_ints(allocated + 1, 1), 5, "memory of malloc")
ffi.C.free(allocated)
local freed = 0
do
  local released = ffi.gc(ffi.C.malloc(8), function(memory)
    freed = freed + 1
    ffi.C.free(memory)
  end)
  check.truthy(released, "memory with a finalizer")
end
collectgarbage()
collectgarbage()
check.equal(freed, 1, "which has run")

check.finish()
