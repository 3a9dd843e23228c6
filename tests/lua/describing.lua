-- What is shown: tostring of C data, and dll.describe of types, objects and functions.
local check = require "check"
local records, globals, bits = check.library "records", check.library "globals", check.library "bit_fields"
local memory = dll.of(records)

dll.cdef [[
  struct point { int x, y; };
  struct segment { struct point from, to; char name[8]; };
  struct everything {
    char c; _Bool b; double d; float f; const char *text; struct point *where; void *nothing;
    enum color { RED, GREEN } color; unsigned char bytes[3]; struct point points[2]; int (*call)(int);
  };
  union number { int i; double d; };
  struct flags { unsigned int a : 3; int b : 5; unsigned int c : 10; unsigned int d : 14; };
  struct node { int value; struct node *next; };
  struct segment *static_segment(void);
  int operation_add(int a, int b);
  int format_into(char *buffer, int size, const char *format, ...);
  struct unknown;
]]

-- tostring: type, address, values.
local point = memory.new("struct point", 3, -4)
check.contains(tostring(point), { "struct point 0x", "{x = 3, y = -4}" }, "a struct")
local address = tostring(point):match "0x(%x+)"
check.equal(#address, check.bits // 4, "as many digits as the worker's pointers have")
check.equal(tonumber(address, 16), memory.cast("uintptr_t", point), "its address")
local segment = memory.new("struct segment", { { 1, 2 }, { 3, 4 }, "name" })
check.contains(tostring(segment), '{from = {x = 1, y = 2}, to = {x = 3, y = 4}, name = "name"}', "nested")
check.contains(tostring(segment.to), { "struct point 0x", "{x = 3, y = 4}" }, "a view")
check.contains(tostring(memory.new("int[3]", { 1, 2, 3 })), { "int [3] 0x", "{1, 2, 3}" }, "an array")
check.contains(tostring(memory.new("int[2][2]", { { 1, 2 }, { 3, 4 } })), { "int [2][2] 0x", "{{1, 2}, {3, 4}}" }, "rows")
check.contains(tostring(memory.new("double", 0.5)), { "double 0x", "= 0.5" }, "a number")
check.contains(tostring(memory.new("_Bool", true)), { "0x", "= true" }, "a boolean")
check.contains(tostring(memory.new("char[8]", 'a\\"b')), [["a\\\"b"]], "text with what must be escaped")
local flags = memory.new("struct flags", 5, -11, 777, 12345)
check.contains(tostring(flags), "{a = 5, b = -11, c = 777, d = 12345}", "bit-fields")
check.contains(tostring(memory.new("enum color", "GREEN")), { "enum color 0x", "GREEN" }, "an enumeration")
check.contains(tostring(memory.new("union number", 7)), { "union number 0x", "i = 7" }, "a union")
check.contains(tostring(memory.new("const int[1]", 5)), "const int [1]", "const")
check.contains(tostring(memory.new("int64_t", math.mininteger)), "-9223372036854775808", "64 bits")

-- Everything at once: what leads elsewhere is shown as an address, and not followed.
local everything = memory.new "struct everything"
everything.where = point
everything.color = "GREEN"
everything.bytes = { 1, 2, 3 }
everything.d = 1.5
local shown = tostring(everything)
check.contains(shown, { "b = false", "d = 1.5", "text = NULL", "nothing = NULL", "GREEN", "where = 0x" }, "fields")
check.contains(shown, { "bytes = {1, 2, 3}", "points = {{x = 0, y = 0}, {x = 0, y = 0}}", "call = NULL" }, "parts")
check.truthy(not shown:find("x = 3", 1, true), "not followed")
local node = memory.new("struct node", 1)
node.next = node
check.contains(tostring(node), "value = 1", "a circle comes to an end")

-- Pointers: type and address, whether there is something or not.
check.contains(tostring(memory.cast("struct point *", point)), { "struct point *", "0x" .. address }, "a pointer")
check.contains(tostring(memory.cast("const char *", 16)), { "const char *", "0x" }, "nowhere")
check.contains(tostring(memory.nullptr), "NULL", "dll.nullptr")
check.contains(tostring(records.static_segment()), "struct segment *", "a pointer of the library")
check.contains(tostring(records.static_segment()[0]), 'name = "static"', "what it leads to")
check.contains(tostring(memory.cast("struct point *", 16)[0]), { "struct point", "0x" }, "what cannot be read")
local operation = memory.cast("int (*)(int, int)", globals.operation_add)
check.contains(tostring(operation), { "int (*)(int, int)", "0x" }, "a pointer to a function")

-- Long arrays are cut.
local long = tostring(memory.new("int[100000]", 7))
check.truthy(#long < 2000, "not all of a hundred thousand elements")
check.contains(long, { "int [100000]", "7, 7", "…" }, "but that there are more")
check.truthy(#tostring(memory.new("char[?]", 100001, ("x"):rep(100000))) < 2000, "nor all of a long text")

-- dll.describe of a type: a declaration with offsets and sizes.
check.contains(memory.describe "struct point",
  { "struct point {", "8 bytes", "int x;", "at 0", "int y;", "at 4", "};" }, "a struct")
check.contains(memory.describe(memory.typeof "struct segment"),
  { "struct point from;", "char name[8];", "at 16" }, "nested")
check.contains(memory.describe "struct everything",
  { "int (*call)(int);", "const char *text;", "unsigned char bytes[3];" }, "declarators")
check.contains(memory.describe "union number", { "union number {", "at 0", "double d;" }, "a union")
check.contains(memory.describe "struct flags", { "unsigned int a : 3;", "int b : 5;" }, "bit-fields")
check.contains(memory.describe "enum color", { "enum color {", "RED = 0", "GREEN = 1" }, "an enumeration")
check.contains(memory.describe "int[5]", { "int [5]", "20 bytes" }, "an array")
check.contains(memory.describe "int *", "int *", "a pointer")
check.contains(memory.describe "struct unknown", { "struct unknown" }, "an incomplete one")

-- Of an object also its values; of a function its declaration.
check.contains(memory.describe(segment), { "struct segment {", "at 16", "to = {x = 3, y = 4}" }, "an object")
check.contains(memory.describe(memory.cast("struct point *", point)), { "struct point *" }, "a pointer")
check.contains(memory.describe(globals.operation_add), { "int operation_add(int a, int b)" }, "a function")
check.contains(memory.describe(globals.format_into), { "const char *format, ..." }, "of a variable number of arguments")
check.raises("type", { "dll.describe", "5" }, memory.describe, 5)
check.raises("declaration", "no_such_type", memory.describe, "no_such_type")

-- What was closed or lost is shown as that.
local kept
do
  local closed <close> = memory.new "struct point"
  kept = closed
end
check.contains(tostring(kept), { "struct point", "closed" }, "closed")
check.contains(memory.describe(kept), { "struct point", "closed" }, "described")

check.finish()
