-- Unions: members share their bytes; the members of anonymous structs and unions are the outer one's own.
local check = require "check"
local records = check.library "records"
local memory = dll.of(records)

dll.cdef [[
  union number { int i; unsigned char bytes[8]; double d; };
  struct variant {
    int kind;
    union { int i; double d; struct { short low, high; }; const char *text; };
    char after;
  };
  int record_size(const char *type);
  int record_offset(const char *field);
  void variant_set_int(struct variant *v, int i);
  void variant_set_double(struct variant *v, double d);
  void variant_set_text(struct variant *v, const char *text);
  int variant_high(const struct variant *v);
  double number_double(const union number *n);
]]

-- Laid out as the compiler does.
check.equal(memory.sizeof "union number", records.record_size "union number", "the size")
check.equal(memory.sizeof "struct variant", records.record_size "struct variant", "the size with an anonymous union")
for _, field in ipairs { "i", "high", "text", "after" } do
  check.equal(memory.offsetof("struct variant", field), records.record_offset("variant." .. field), field)
end
check.equal(memory.offsetof("union number", "d"), 0, "every member of a union is at its start")

-- Members share their bytes.
local number = memory.new("union number")
number.i = 0x01020304
check.equal(number.bytes[0], 4, "the lowest byte")
check.equal(number.bytes[3], 1, "the highest byte")
check.equal(number.bytes[4], 0, "the rest is zero")
number.d = 1.0
check.equal(number.bytes[7], 0x3F, "a double's highest byte")
check.equal(number.i, 0, "a double's low half")
check.equal(records.number_double(number), 1.0, "the library reads it")
number.bytes = string.pack("<d", -2.5)
check.equal(records.number_double(number), -2.5, "written as bytes")

-- A value without a name goes to the first member, a name chooses another.
check.equal(memory.new("union number", 5).i, 5, "the first")
check.equal(memory.new("union number", { 6 }).i, 6, "the first, from a table")
check.equal(memory.new("union number", { d = 0.5 }).d, 0.5, "by name")
check.equal(memory.new("union number", { bytes = { 1, 2 } }).i, 0x0201, "an array by name")
check.raises("range", "union number", memory.new, "union number", 1, 2)
check.raises("range", "union number", memory.new, "union number", { 1, 2 })
check.raises("type", { "union number", "'b'" }, memory.new, "union number", { b = 1 })

-- Anonymous members belong to the outer struct.
local variant = memory.new("struct variant", 3, 0x00050007)
check.equal(variant.kind, 3, "a position before the union")
check.equal(variant.i, 0x00050007, "the union's first member takes the next position")
check.equal(variant.low, 7, "through the anonymous struct")
check.equal(variant.high, 5, "through the anonymous struct")
check.equal(memory.new("struct variant", 3, 4, 5).after, 5, "the union takes one position")
variant.high = -1
check.equal(variant.low, 7, "the neighbour is untouched")
check.equal(records.variant_high(variant), -1, "the library sees it")
check.equal(memory.new("struct variant", { high = 9, low = 1 }).i, 0x00090001, "by name from a table")

-- What the library stores in one member is read there.
records.variant_set_double(variant, 0.25)
check.equal(variant.kind, 1, "the kind")
check.equal(variant.d, 0.25, "a double")
records.variant_set_int(variant, -8)
check.equal(variant.i, -8, "an int")
records.variant_set_text(variant, "text of the library")
check.equal(variant.kind, 2, "the kind")
check.equal(memory.string(variant.text), "text of the library", "a pointer to text")
check.contains(tostring(variant.text), "const char *", "which stays a pointer")
variant.text = nil
check.equal(variant.text, nil, "NULL")

-- An anonymous struct of a struct: transparent too.
dll.cdef "struct outer { struct { int a; union { int b; float c; }; }; int d; };"
local outer = memory.new("struct outer", 1, 2, 3)
check.equal(outer.a + outer.b * 10 + outer.d * 100, 321, "positions pass through anonymous structs")
outer.c = 1.0
check.equal(outer.b, 0x3F800000, "a float's bits")
check.equal(memory.offsetof("struct outer", "c"), 4, "an offset counts from the outer struct")

-- An anonymous struct is one member of its union, however many of its fields are given.
dll.cdef "union halves { int whole; struct { short low, high; }; };"
local halves = memory.new("union halves", { low = 2, high = 1 })
check.equal(halves.whole, 0x10002, "both halves")
check.raises("type", { "union halves" }, memory.new, "union halves", { whole = 1, low = 2 })

-- Unions are copied whole.
local copy = memory.new("union number", number)
number.d = 0
check.equal(copy.d, -2.5, "a copy")
local unions = memory.new("union number[2]", { { d = 1 }, { i = 2 } })
unions[0] = unions[1]
check.equal(unions[0].i, 2, "an element copied")

-- Mistakes.
check.raises("type", { "union number", "'byte'", "did you mean 'bytes'" }, function() return number.byte end)
check.raises("type", { "struct variant", "'hihg'", "did you mean 'high'" }, function() variant.hihg = 1 end)
check.raises("range", { "high", "32768" }, function() variant.high = 32768 end)
check.raises("declaration", "'i'", dll.cdef, "struct twice { int i; union { int i; float f; }; };")

check.finish()
