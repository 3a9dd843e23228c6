-- Types as values: dll.typeof, sizeof, alignof, offsetof, istype, and `$` in declarations.
local check = require "check"
local records = check.library "records"
local memory = dll.of(records)

dll.cdef [[
  struct point { int x, y; };
  struct scalars {
    char c; double d; short s; long long ll; unsigned char uc; int i; _Bool b; unsigned short us; float f; long l; void *p;
  };
  typedef struct point POINT_ALIAS;
  struct later;
  int record_size(const char *type);
  int record_offset(const char *field);
]]

-- A type is made of a text, of another type, of an object.
local Int, Point = memory.typeof "int", memory.typeof "struct point"
check.contains(tostring(Int), "int", "shown")
check.contains(tostring(Point), "struct point", "shown")
check.truthy(memory.typeof(Int) == Int, "of a type: itself")
check.truthy(memory.typeof "int" == Int, "the same type is equal")
check.truthy(memory.typeof "signed" == Int, "however it is written")
check.truthy(memory.typeof "POINT_ALIAS" == Point, "through a typedef")
check.truthy(memory.typeof "unsigned" ~= Int, "another type is not")
check.truthy(memory.typeof "const int" ~= Int, "const makes another type")
check.truthy(memory.typeof(memory.new "struct point") == Point, "of an object")
check.truthy(memory.typeof(memory.new "int[3]") == memory.typeof "int[3]", "of an array")
check.truthy(memory.typeof "int *" == memory.typeof("$ *", Int), "of a type in a text")
check.equal(type(Int), "userdata", "a type is userdata")

-- A type makes objects, as dll.new does.
check.equal(Int(5)[0], 5, "a number")
check.equal(Point(1, 2).y, 2, "a struct")
check.equal(memory.typeof("int[3]")(7)[2], 7, "an array")
check.equal(#memory.typeof("int[?]")(4), 4, "an open array")
check.raises("range", { "struct point", "got 3" }, Point, 1, 2, 3)
check.raises("type", { "struct point", "x", '"1"' }, Point, "1")

-- Sizes and alignments are the worker's.
local sizes = {
  { "char", 1 }, { "short", 2 }, { "int", 4 }, { "long long", 8 }, { "float", 4 }, { "double", 8 }, { "_Bool", 1 },
  { "void *", check.bits // 8 }, { "size_t", check.bits // 8 }, { "intptr_t", check.bits // 8 },
  { "long", check.bits == 64 and not check.is_pe and 8 or 4 }, { "wchar_t", check.is_pe and 2 or 4 },
  { "int[3]", 12 }, { "char[2][5]", 10 }, { "struct point", 8 }, { "struct point *", check.bits // 8 },
  { "int (*)(int)", check.bits // 8 }, { "enum { ONE }", 4 },
}
for _, size in ipairs(sizes) do
  check.equal(memory.sizeof(size[1]), size[2], "the size of " .. size[1])
end
check.equal(memory.sizeof(Point), 8, "of a type")
check.equal(memory.sizeof(memory.new "int[5]"), 20, "of an object")
check.equal(memory.sizeof("int[?]", 5), 20, "of an open array with its count")
-- Microsoft's compilers have no wider floating point than double.
check.equal(memory.sizeof "long double", check.is_pe and 8 or records.record_size "long double", "long double")
check.equal(memory.sizeof "struct scalars", records.record_size "struct scalars", "the compiler's struct")
check.equal(memory.alignof "char", 1, "alignment")
check.equal(memory.alignof "int", 4, "alignment")
check.equal(memory.alignof "double", (check.is_pe or check.bits == 64) and 8 or 4, "the alignment that a field has")
check.equal(memory.alignof "struct point", 4, "of a struct")
check.equal(memory.alignof "char[7]", 1, "of an array")
check.equal(memory.alignof(memory.new "short"), 2, "of an object")
check.equal(memory.offsetof("struct scalars", "ll"), records.record_offset "scalars.ll", "an offset")
check.equal(memory.offsetof(Point, "y"), 4, "of a type")
check.equal(memory.offsetof(Point(), "y"), 4, "of an object")

-- dll.istype: qualifiers aside; a pointer to a struct counts as the struct; what is no C data is of no type.
local point = Point(1, 2)
local pointer = memory.cast("struct point *", point)
check.equal(memory.istype("struct point", point), true, "the type")
check.equal(memory.istype(Point, point), true, "as a type")
check.equal(memory.istype("const struct point", point), true, "qualifiers aside")
check.equal(memory.istype("struct point", memory.new "const struct point"), true, "qualifiers aside")
check.equal(memory.istype("struct point", pointer), true, "a pointer to it")
check.equal(memory.istype("struct point *", pointer), true, "the pointer")
check.equal(memory.istype("struct point *", point), false, "the struct is no pointer")
check.equal(memory.istype("struct scalars", point), false, "another struct")
check.equal(memory.istype("int", memory.new "int"), true, "an object of a number")
check.equal(memory.istype("int", memory.new "unsigned"), false, "another number")
check.equal(memory.istype("int", 5), false, "a Lua number is no C data")
check.equal(memory.istype("char *", "text"), false, "nor is a string")
check.equal(memory.istype("int", nil), false, "nor is nil")
check.equal(memory.istype("int[3]", memory.new "int[3]"), true, "an array")
check.equal(memory.istype("int[3]", memory.new "int[4]"), false, "a longer one")
check.equal(memory.istype("int", memory.new("int[1]")), false, "an array is no element")

-- `$` stands for a type, a name or a number, in the order of the arguments.
local Pair = memory.typeof("struct { $ first; $ $; }", Int, memory.typeof "double", "second")
local pair = Pair(1, 2.5)
check.equal(pair.first, 1, "a field of a given type")
check.equal(pair.second, 2.5, "a field of a given name")
check.equal(memory.sizeof(memory.typeof("$[$]", Point, 3)), 24, "a type and a number")
check.truthy(memory.typeof("struct { $ first; }", Int) ~= Pair, "a struct without a name is a type of its own")
check.equal(memory.typeof("struct { int x : $; }", 5)(15).x, 15, "the width of a bit-field")
local Node = memory.typeof("struct { int value; $ *points; }", Point)
check.equal(Node(1, point).points.y, 2, "a pointer to a given type")
check.equal(memory.typeof("$", point)().x, 0, "an object stands for its type")
dll.cdef("typedef struct { $ $; } made_of_arguments; enum { $ = $ };", Point, "inner", "MADE_CONSTANT", 12)
check.equal(memory.new("made_of_arguments").inner.x, 0, "in dll.cdef")
check.equal(records.MADE_CONSTANT, 12, "a constant")
check.raises("declaration", { "'$'", "type" }, memory.typeof, "struct { $ a; }", 5)
check.raises("declaration", { "'$'" }, memory.typeof, "int[$]", "name")
check.raises("declaration", { "'$'" }, memory.typeof, "struct { $ a; }")
check.raises("declaration", { "'$'" }, memory.typeof, "struct { int a; }", Int)
check.raises("type", { "true" }, memory.typeof, "struct { $ a; }", true)

-- A struct that is completed later is the same type.
local Later = memory.typeof "struct later"
check.equal(memory.sizeof(Later), nil, "no size yet")
check.raises("declaration", "struct later", Later)
dll.cdef "struct later { int value; };"
check.equal(memory.sizeof(Later), 4, "its size")
check.equal(Later(7).value, 7, "an object")

-- Mistakes.
check.raises("declaration", { "struct pointe" }, memory.sizeof, "struct pointe")
check.raises("declaration", { "itn", "int" }, memory.typeof, "itn")
check.raises("declaration", { "line 1" }, memory.typeof, "int[")
check.raises("declaration", { "int x" }, memory.typeof, "int x")
check.raises("type", { "C type", "5" }, memory.sizeof, 5)
check.raises("type", { "C type", "table" }, memory.typeof, {})
check.raises("type", { "C type" }, memory.istype, nil, point)
check.equal(memory.sizeof "void", nil, "what has no size")
check.raises("type", { "struct point", "'z'" }, memory.offsetof, "struct point", "z")
check.raises("type", { "struct scalars", "'lll'", "did you mean 'll'" }, memory.offsetof, "struct scalars", "lll")
check.raises("type", { "int", "struct" }, memory.offsetof, "int", "x")
check.raises("type", "struct point", function() return Point.x end)

check.finish()
