-- Structs: laid out as the library's compiler lays them out, made by scripts, filled and checked by the library.
local check = require "check"
local records = check.library "records"
local memory = dll.of(records)

dll.cdef [[
  struct point { int x, y; };
  struct segment { struct point from, to; char name[8]; };
  struct scalars {
    char c; double d; short s; long long ll; unsigned char uc; int i; _Bool b; unsigned short us; float f; long l; void *p;
  };
  struct polygon { short count; struct point points[3]; unsigned char colors[2][3]; };
  #pragma pack(push, 1)
  struct packed { char tag; int value; double weight; short tail; };
  #pragma pack(pop)
  #pragma pack(push, 2)
  struct packed_by_two { char tag; int value; double weight; };
  #pragma pack(pop)
  struct unknown;

  int record_size(const char *type);
  int record_offset(const char *field);
  int byte_at(const void *place, int index);
  void scalars_fill(struct scalars *s);
  int scalars_check(const struct scalars *s);
  void point_set(struct point *p, int x, int y);
  int point_dot(const struct point *a, const struct point *b);
  int points_sum(const struct point *points, int count);
  void segment_reverse(struct segment *s);
  int segment_name_length(const struct segment *s);
  int polygon_sum(const struct polygon *p);
  void packed_fill(struct packed *p);
  int packed_check(const struct packed *p);
]]

-- Sizes and offsets are those of the library's compiler.
for _, name in ipairs { "point", "segment", "scalars", "polygon", "packed", "packed_by_two" } do
  check.equal(memory.sizeof("struct " .. name), records.record_size("struct " .. name), "the size of " .. name)
end
local fields = {
  scalars = { "c", "d", "s", "ll", "uc", "i", "b", "us", "f", "l", "p" },
  segment = { "to", "name" },
  polygon = { "points", "colors" },
  packed = { "value", "weight", "tail" },
  packed_by_two = { "value", "weight" },
}
for name, list in pairs(fields) do
  for _, field in ipairs(list) do
    local expected = records.record_offset(name .. "." .. field)
    check.equal(memory.offsetof("struct " .. name, field), expected, "the offset of " .. name .. "." .. field)
  end
end
-- The i386 ABI of Linux aligns what has 8 bytes to 4 in structs, everything else to 8.
check.equal(memory.offsetof("struct scalars", "d"), (check.is_pe or check.bits == 64) and 8 or 4, "a double after a char")

-- What the library writes is read.
local scalars = memory.new("struct scalars")
check.equal(scalars.i, 0, "a new struct holds zeros")
check.equal(scalars.d, 0.0, "of each type")
check.equal(scalars.b, false, "of each type")
check.equal(scalars.p, nil, "of each type")
records.scalars_fill(scalars)
local expected = {
  c = 99, d = -0.125, s = -12345, ll = -1234567890123456789, uc = 250, i = -123456789, b = true, us = 54321, f = 0.5,
  l = -7654321,
}
for name, value in pairs(expected) do
  check.equal(scalars[name], value, "scalars." .. name)
end
check.truthy(scalars.p == scalars, "a pointer to the struct itself")
check.equal(records.scalars_check(scalars), 11, "the library sees what it wrote")

-- What the script writes is read by the library, whichever way it is written.
local written = memory.new("struct scalars", expected)
check.equal(records.scalars_check(written), 10, "from a table")
written.p = written
check.equal(records.scalars_check(written), 11, "and a pointer")
written = memory.new("struct scalars")
for name, value in pairs(expected) do
  written[name] = value
end
written.p = memory.cast("void *", written)
check.equal(records.scalars_check(written), 11, "field by field")
for name, value in pairs(expected) do
  local before = written[name]
  written[name] = name ~= "b" and 0
  check.equal(records.scalars_check(written), 10, "the library misses " .. name)
  written[name] = before
  check.equal(written[name], value, name .. " is back")
end

-- Every byte of a packed struct.
local packed = memory.new("struct packed")
records.packed_fill(packed)
check.equal(packed.tag, 116, "the tag")
check.equal(packed.value, 0x01020304, "a value at an odd address")
check.equal(packed.weight, 2.5, "a double at an odd address")
check.equal(packed.tail, -2, "the tail")
check.equal(memory.read(packed), string.pack("<c1i4di2", "t", 0x01020304, 2.5, -2), "its bytes")
check.equal(records.packed_check(memory.new("struct packed", 116, 0x01020304, 2.5, -2)), 1, "made by the script")
for index = 0, memory.sizeof(packed) - 1 do
  check.equal(records.byte_at(packed, index), memory.read(packed):byte(index + 1), "byte " .. index)
end

-- Structs and arrays within structs are views: what is written through them is written into the whole.
local segment = memory.new("struct segment", { { 1, 2 }, { 3, 4 }, "name" })
check.equal(segment.from.y + segment.to.x, 5, "nested")
local to = segment.to
to.x = 30
check.equal(segment.to.x, 30, "written through a view")
records.segment_reverse(segment)
check.equal(to.x, 1, "a view sees what the library does")
check.equal(segment.from.x, 30, "reversed")
check.equal(records.segment_name_length(segment), 4, "the name")
records.point_set(segment.from, 7, 8)
check.equal(segment.from.y, 8, "a part of a struct is passed by its address")
check.equal(records.point_dot(segment.from, segment.to), 7 * 1 + 8 * 2, "two parts")

-- Assigning a struct copies it; a table initialises it anew, and what the table leaves out is zero.
local origin = memory.new("struct point", 5, 6)
segment.from = origin
origin.x = 50
check.equal(segment.from.x, 5, "a copy")
segment.from = { y = 9 }
check.equal(segment.from.x, 0, "what a table leaves out")
check.equal(segment.from.y, 9, "what it gives")
segment.from = segment.to
segment.to = segment.to
check.equal(segment.from.x, 1, "a part over another one")

-- Arrays of structs, and structs with arrays.
local points = memory.new("struct point[3]", { { 1, 2 }, { 3, 4 }, { x = 5 } })
check.equal(records.points_sum(points, 3), 1 + 3 + 5 + 100 * (2 + 4), "an array of structs")
points[2].y = 6
check.equal(records.points_sum(points[2], 1), 605, "an element is passed by its address")
points[0] = points[2]
check.equal(points[0].x, 5, "an element copied")
local polygon = memory.new("struct polygon", { 2, { { 1, 1 }, { 2, 2 } }, { { 1, 2, 3 }, { 4, 5, 6 } } })
check.equal(records.polygon_sum(polygon), 303 + 1 + 4 + 9 + 16 + 25 + 36, "arrays in a struct")
polygon.points[1].x = 12
polygon.colors[1][2] = 0
check.equal(records.polygon_sum(polygon), 313 + 1 + 4 + 9 + 16 + 25, "written in depth")
polygon.colors = { { 1 }, { 1 } }
check.equal(polygon.colors[0][2], 1, "an array assigned from a table")

-- const is kept: of a field, of all, and of what a pointer leads to.
dll.cdef "struct fixed { const int id; int value; const struct point place; };"
local fixed = memory.new("struct fixed", 7, 8, { 9, 10 })
check.equal(fixed.id, 7, "dll.new sets what is const")
fixed.value = 80
check.raises("type", { "struct fixed", "id", "const" }, function() fixed.id = 1 end)
check.raises("type", { "const" }, function() fixed.place.x = 1 end)
check.raises("type", { "place", "const" }, function() fixed.place = { 1, 2 } end)
local constant = memory.new("const struct point", 1, 2)
check.raises("type", { "const struct point", "x", "const" }, function() constant.x = 3 end)
check.raises("type", { "dll.fill", "const" }, memory.fill, constant, 4)
check.raises("type", { "dll.copy", "const" }, memory.copy, constant, origin, 4)
check.raises("type", { "dll.write", "const" }, memory.write, constant, "1234")
check.equal(constant.x, 1, "unchanged")
check.raises("type", { "point_set", "const struct point" }, records.point_set, constant, 1, 2)
check.equal(records.point_dot(constant, constant), 5, "where the library only reads it may go")

-- Mistakes: names, types, ranges. Nothing is changed by one.
check.raises("type", { "struct segment", "'form'", "did you mean 'from'" }, function() return segment.form end)
check.raises("type", { "struct segment", "'nmae'", "did you mean 'name'" }, function() segment.nmae = "x" end)
check.raises("type", { "struct point", "zzz" }, function() return origin.zzz end)
check.raises("type", { "struct point", "0" }, function() return origin[0] end)
check.raises("type", { "struct point", "true" }, function() origin[true] = 1 end)
check.raises("type", { "struct point", "x", "1.5" }, function() origin.x = 1.5 end)
check.raises("range", { "struct point", "x", "2147483648" }, function() origin.x = 1 << 31 end)
check.raises("type", { "struct point", "x", "nil" }, function() origin.x = nil end)
check.raises("range", { "struct scalars", "uc", "-1", "255" }, function() written.uc = -1 end)
check.raises("type", { "struct scalars", "b", "a boolean" }, function() written.b = 1 end)
check.raises("range", { "struct scalars", "f" }, function() written.f = 1e300 end)
check.raises("type", { "struct segment", "to", "struct point" }, function() segment.to = packed end)
check.raises("type", { "struct segment", "to", "5" }, function() segment.to = 5 end)
check.raises("range", { "struct point [3]", "3", "0 to 2" }, function() return polygon.points[3] end)
check.raises("range", { "struct segment", "name", "9 bytes" }, function() segment.name = "too long." end)
check.equal(origin.x, 50, "unchanged")
check.raises("type", { "point_dot", "const struct point *", "struct packed" }, records.point_dot, packed, origin)

-- A struct that was only announced has no size and no fields.
check.raises("declaration", "struct unknown", memory.new, "struct unknown")
check.equal(memory.sizeof "struct unknown", nil, "no size")
check.raises("declaration", "struct unknown", memory.new, "struct unknown[2]")
check.raises("declaration", "struct unknown", dll.cdef, "struct holder { struct unknown inner; };")
local announced = memory.cast("struct unknown *", origin)
check.raises("type", { "struct unknown", "'x'", "declared" }, function() return announced.x end)

check.finish()
