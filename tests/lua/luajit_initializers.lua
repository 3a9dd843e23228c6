-- LuaJIT's rules for the values that objects start with. "LuaJIT:" says what it does where this module documents something
-- else: here a value too many, or one for a field that does not exist, is always an error.
local check = require "check"
check.library "calls"

local ffi = require "dll"

ffi.cdef[[
struct foo { int a, b; };
union bar { int i; double d; };
struct nested { int x; struct foo y; };
struct mixed { int list[3]; char name[4]; struct foo part; double last; };
struct vls { int n; double d[?]; };
struct transparent { struct { int a, b; }; union { int c; float d; }; int e; };
enum letter { ALPHA, BETA };
]]

-- The elements of an array, or the named fields, as text.
local function elements(object)
  local texts = {}
  for index = 0, #object - 1 do
    texts[#texts + 1] = tostring(object[index])
  end
  return table.concat(texts, ",")
end
local function fields(object, ...)
  local texts = {}
  for _, name in ipairs { ... } do
    texts[#texts + 1] = string.format("%s=%s", name, object[name])
  end
  return table.concat(texts, ",")
end
local function array(expected, type, ...)
  local object = ffi.new(type, ...)
  check.equal(elements(object), expected, type)
end

-- The examples of the page.
array("0,0,0", "int[3]", {})
array("1,1,1", "int[3]", {1})
array("1,2,0", "int[3]", {1,2})
array("1,2,3", "int[3]", {1,2,3})
array("1,1,1", "int[3]", {[0]=1})
array("1,2,0", "int[3]", {[0]=1,2})
array("1,2,3", "int[3]", {[0]=1,2,3})
check.raises("range", { "int [3]", "3 values", "got 4" }, ffi.new, "int[3]", {[0]=1,2,3,4})

check.equal(fields(ffi.new("struct foo", {}), "a", "b"), "a=0,b=0", "{}")
check.equal(fields(ffi.new("struct foo", {1}), "a", "b"), "a=1,b=0", "{1}")
check.equal(fields(ffi.new("struct foo", {1,2}), "a", "b"), "a=1,b=2", "{1,2}")
check.equal(fields(ffi.new("struct foo", {[0]=1,2}), "a", "b"), "a=1,b=2", "{[0]=1,2}")
check.equal(fields(ffi.new("struct foo", {b=2}), "a", "b"), "a=0,b=2", "{b=2}")
-- LuaJIT: 'c' is ignored.
check.raises("type", { "struct foo", "'c'" }, ffi.new, "struct foo", {a=1,b=2,c=3})

check.equal(fields(ffi.new("union bar", {}), "i", "d"), "i=0,d=0.0", "{}")
check.equal(ffi.new("union bar", {1}).i, 1, "{1}")
-- LuaJIT: '2' is ignored.
check.raises("range", { "union bar", "got 2" }, ffi.new, "union bar", {[0]=1,2})
check.equal(ffi.new("union bar", {d=2}).d, 2.0, "{d=2}")

check.equal(tostring(ffi.new("struct nested", {1,{2,3}})):match "{.*", "{x = 1, y = {a = 2, b = 3}}", "{1,{2,3}}")
check.equal(tostring(ffi.new("struct nested", {x=1,y={2,3}})):match "{.*", "{x = 1, y = {a = 2, b = 3}}", "by name")

-- Without a value everything is zero.
array("0,0,0", "int[3]")
check.equal(ffi.new "int"[0], 0, "a number")
check.equal(ffi.new "struct holder_of_pointer { int *p; }".p, nil, "a pointer")

-- Numbers and pointers take one value.
check.equal(ffi.new("int", 5)[0], 5, "a number")
check.equal(ffi.new("bool", true)[0], true, "a boolean")
local cell = ffi.new("int[1]", 7)
check.equal(ffi.new("int *", cell)[0], 7, "a pointer")
check.equal(ffi.new("enum letter", "BETA")[0], 1, "an enumerator")
check.raises("range", "got 2", ffi.new, "int", 1, 2)
check.raises("type", "a table", ffi.new, "int", { 1 })

-- A complex number is one value, or its two parts.
check.equal(fields(ffi.new("complex", 1), "re", "im"), "re=1.0,im=0.0", "one")
check.equal(fields(ffi.new("complex", 1, 2), "re", "im"), "re=1.0,im=2.0", "two")
check.equal(fields(ffi.new("complex float", { 1, 2 }), "re", "im"), "re=1.0,im=2.0", "a table")

-- Structs and arrays take an object of their type, a table, or a list.
local foo = ffi.new("struct foo", 1, 2)
check.equal(fields(ffi.new("struct foo", foo), "a", "b"), "a=1,b=2", "a struct's copy")
check.truthy(ffi.new("struct foo", foo) ~= foo, "which is another object")
array("4,5,6", "int[3]", ffi.new("int[3]", 4, 5, 6))
array("4,5,6", "int[3]", 4, 5, 6)
check.equal(fields(ffi.new("struct foo", 3, 4), "a", "b"), "a=3,b=4", "a list")

-- One value is repeated, two are not.
array("7,7,7", "int[3]", 7)
array("7,8,0", "int[3]", 7, 8)
array("7,7,7", "int[?]", 3, 7)
array("0.5,0.5", "double[2]", 0.5)
array("true,true", "bool[2]", true)
check.equal(ffi.new("struct foo[2]", { { 1, 2 } })[1].b, 2, "a struct, from a table")
check.equal(ffi.new("struct foo[2]", foo)[1].b, 2, "and from an object")

-- Strings in arrays of bytes, with their zero where there is room. LuaJIT: what does not fit is left out.
check.equal(ffi.string(ffi.new("char[?]", 6, "hello"), 6), "hello\0", "[?]")
check.equal(ffi.string(ffi.new("char[8]", "hello"), 8), "hello\0\0\0", "a known length")
check.equal(ffi.string(ffi.new("char[5]", "hello"), 5), "hello", "no room for the zero")
check.equal(ffi.string(ffi.new("uint8_t[3]", "a\0b"), 3), "a\0b", "any bytes")
check.equal(ffi.string(ffi.new("int8_t[3]", "abc"), 3), "abc", "signed bytes")
check.raises("range", { "char [3]", "5 bytes" }, ffi.new, "char[3]", "hello")
check.raises("type", "string", ffi.new, "int[3]", "abc")

-- The fields of a struct in their order; of a union the first.
check.equal(ffi.new("struct nested", 1, foo).y.b, 2, "a struct in a struct takes one value")
check.equal(ffi.new("struct nested", 1, { 5, 6 }).y.b, 6, "or a table")
check.raises("range", "got 3", ffi.new, "struct nested", 1, 2, 3)
check.raises("type", "'y'", ffi.new, "struct nested", 1, 2)
check.equal(ffi.new("union bar", 7).i, 7, "a union")
check.equal(ffi.new("union bar", ffi.new("union bar", 8)).i, 8, "a union's copy")
check.raises("range", "got 2", ffi.new, "union bar", 7, 8)
local mixed = ffi.new("struct mixed", { 1, 2, 3 }, "abc", foo, 0.5)
check.equal(mixed.list[2], 3, "an array in a struct")
check.equal(ffi.string(mixed.name), "abc", "text in a struct")
check.equal(mixed.part.a, 1, "a struct in a struct")
check.equal(mixed.last, 0.5, "the last")
mixed = ffi.new("struct mixed", { list = { 7 }, name = "x" })
check.equal(elements(mixed.list), "7,7,7", "one value of an inner array is repeated")
check.equal(mixed.last, 0.0, "what is not named is zero")

-- Transparent members count as the outer struct's.
local transparent = ffi.new("struct transparent", 1, 2, 3, 4)
check.equal(fields(transparent, "a", "b", "c", "e"), "a=1,b=2,c=3,e=4", "in their order")
check.equal(ffi.new("struct transparent", { b = 5, d = 0.5 }).d, 0.5, "by name")

-- Tables: from 0 or from 1, up to the first nil.
array("1,2,0,0", "int[4]", { 1, 2, nil, 4 })
array("1,2,0,0", "int[4]", { [0] = 1, [1] = 2, [3] = 4 })
check.equal(fields(ffi.new("struct foo", { [0] = 1 }), "a", "b"), "a=1,b=0", "from 0")
array("1,2,3,4", "int[4]", { 1, 2, 3, 4 })
check.equal(ffi.new("int[2][3]", { { 1, 2, 3 }, { 4, 5, 6 } })[1][2], 6, "tables in tables")
check.equal(ffi.new("int[2][3]", { ffi.new("int[3]", 1), { 4 } })[0][2], 1, "objects in tables")
check.raises("range", "'list'", ffi.new, "struct mixed", { list = { 1, 2, 3, 4 } })
check.raises("range", "got 3", ffi.new, "struct foo", { 1, 2, 3 })
-- LuaJIT: of a union one field is set, whatever more the table names.
check.raises("type", { "union bar", "one value" }, ffi.new, "union bar", { i = 1, d = 2 })
-- A table with positions is not asked for names. LuaJIT: names beside positions are ignored.
check.equal(ffi.new("struct foo", { 1, 2 }).b, 2, "positions")

-- An open length is filled with what the table has, and never repeated.
array("7,0,0", "int[?]", 3, { 7 })
array("7,8,0", "int[?]", 3, { 7, 8 })
check.raises("range", "got 4", ffi.new, "int[?]", 3, { 1, 2, 3, 4 })
local vls = ffi.new("struct vls", 3, 3, { 1, 2, 3 })
check.equal(vls.n, 3, "a struct that ends with [?]")
check.equal(elements(vls.d), "1.0,2.0,3.0", "and its end")
check.equal(elements(ffi.new("struct vls", 2, { n = 2, d = { 5 } }).d), "5.0,0.0", "by name")
check.equal(elements(ffi.new("struct vls", 2, 2).d), "0.0,0.0", "and without values")
check.equal(elements(ffi.new("int[?][2]", 2, { { 1, 2 } })[0]), "1,2", "rows")

-- The same holds for what is assigned.
local target = ffi.new("struct nested", 1, { 2, 3 })
target.y = { b = 5 }
check.equal(fields(target.y, "a", "b"), "a=0,b=5", "a table replaces the whole struct")
target.y = foo
check.equal(fields(target.y, "a", "b"), "a=1,b=2", "an object")
local rows = ffi.new "int[2][2]"
rows[0] = { 6 }
rows[1] = rows[0]
check.equal(elements(rows[1]), "6,6", "an array")
check.raises("type", { "struct nested", "'y'" }, function() target.y = 5 end)
check.equal(target.y.b, 2, "what does not fit changes nothing")

check.finish()
