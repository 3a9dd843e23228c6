-- What dll.new makes objects from: positions, names, tables in tables, strings, copies; and what it refuses.
local check = require "check"
local calls = check.library "calls"
local memory = dll.of(calls)

dll.cdef [[
  struct point { int x, y; };
  struct segment { struct point from, to; char name[8]; };
  struct mixed { char tag; double weight; int *where; _Bool on; };
  int sum_ints(const int *values, int count);
]]

local function elements(array)
  local list = {}
  for index = 0, #array - 1 do
    list[#list + 1] = array[index]
  end
  return table.concat(list, " ")
end

-- Nothing given: zeros, NULL, false.
local mixed = memory.new "struct mixed"
check.equal(mixed.tag, 0, "an integer")
check.equal(mixed.weight, 0.0, "a double")
check.equal(mixed.where, nil, "a pointer")
check.equal(mixed.on, false, "a boolean")
check.equal(elements(memory.new "short[3]"), "0 0 0", "an array")
check.equal(memory.new("struct point", {}).y, 0, "an empty table")
check.equal(elements(memory.new("int[2]", {})), "0 0", "an empty table for an array")

-- An array: by arguments or by a table, from 0 or from 1, up to the first nil.
check.equal(elements(memory.new("int[4]", 1, 2)), "1 2 0 0", "arguments")
check.equal(elements(memory.new("int[4]", { 1, 2 })), "1 2 0 0", "a table")
check.equal(elements(memory.new("int[4]", { [0] = 1, 2 })), "1 2 0 0", "a table from 0")
check.equal(elements(memory.new("int[4]", { 1, 2, nil, 4 })), "1 2 0 0", "up to the first nil")
check.equal(elements(memory.new("int[3]", 7)), "7 7 7", "one argument is repeated")
check.equal(elements(memory.new("int[3]", { 7 })), "7 7 7", "one element of a table is repeated")
check.equal(elements(memory.new("int[3]", { [0] = 7 })), "7 7 7", "element 0 alone too")
check.equal(elements(memory.new("int[?]", 3, 7)), "7 7 7", "of an open length too")
check.equal(elements(memory.new("int[?]", 3, { 7 })), "7 0 0", "but not from a table")
check.equal(elements(memory.new("int[1]", 7)), "7", "an array of one")

-- An array of arrays, and of structs: each element as if it were made alone.
local matrix = memory.new("int[2][3]", { { 1, 2, 3 }, { 4 } })
check.equal(elements(matrix[0]), "1 2 3", "the first row")
check.equal(elements(matrix[1]), "4 4 4", "one value of an inner table is repeated")
check.equal(elements(memory.new("int[3][2]", { { 1, 2 } })[2]), "1 2", "one row is repeated")
local points = memory.new("struct point[2]", { { 1, 2 }, { y = 3 } })
check.equal(points[1].x * 10 + points[1].y, 3, "by position and by name")
points = memory.new("struct point[2]", { 5, 6 }, { 7, 8 })
check.equal(points[1].y, 8, "structs as arguments")
check.equal(memory.new("struct point[3]", { { 5, 6 } })[2].y, 6, "one struct is repeated")

-- A struct: by arguments, by position, or by name, not both: a table with an element 0 or 1 goes by position.
check.equal(memory.new("struct point", 1, 2).y, 2, "arguments")
check.equal(memory.new("struct point", { 1, 2 }).y, 2, "positions")
check.equal(memory.new("struct point", { [0] = 1, 2 }).y, 2, "positions from 0")
check.equal(memory.new("struct point", 1).y, 0, "one value is not repeated in a struct")
check.equal(memory.new("struct point", { y = 2 }).y, 2, "names")
local segment = memory.new("struct segment", { from = { 1, 2 }, to = { x = 3 }, name = "ab" })
check.equal(segment.from.y, 2, "positions in names")
check.equal(segment.to.x, 3, "names in names")
check.equal(memory.string(segment.name), "ab", "a string for characters")
segment = memory.new("struct segment", { 1, 2 }, { 3, 4 }, "cd")
check.equal(segment.to.y, 4, "tables as arguments")
check.equal(memory.string(segment.name), "cd", "a string as argument")

-- Objects: copied where the type is the same.
local point = memory.new("struct point", 8, 9)
local copy = memory.new("struct point", point)
point.x = 0
check.equal(copy.x, 8, "a copy of a struct")
segment = memory.new("struct segment", copy, { 3, 4 })
check.equal(segment.from.y, 9, "a struct as a field")
segment = memory.new("struct segment", { from = copy, to = segment.from })
check.equal(segment.to.x, 8, "objects and views by name")
check.equal(memory.new("struct point[2]", copy, copy)[1].y, 9, "objects as elements")
local array = memory.new("int[3]", { 1, 2, 3 })
local twin = memory.new("int[3]", array)
array[0] = 10
check.equal(elements(twin), "1 2 3", "a copy of an array")
local pointer = memory.cast("const struct point *", copy)
check.equal(memory.new("struct point", pointer[0]).y, 9, "what a pointer leads to is copied")

-- Scalars and pointers.
check.equal(memory.new("int", 5)[0], 5, "a number")
check.equal(memory.new("int")[0], 0, "no number")
check.equal(memory.new("double", 5)[0], 5.0, "an integer as a double")
check.equal(memory.new("int", 5.0)[0], 5, "a float without a fraction")
check.equal(memory.new("int", memory.new("short", 6))[0], 6, "an object of a number")
check.equal(memory.new("_Bool", true)[0], true, "a boolean")
check.equal(memory.new("struct mixed", { where = array }).where[0], 10, "an array as a pointer")
check.equal(memory.new("int *", array)[0], 10, "a pointer object leads to the array's elements")

-- Types stand for texts everywhere, objects for their types.
local Point = memory.typeof "struct point"
check.equal(Point(1, 2).y, 2, "a type called")
check.equal(Point({ y = 4 }).y, 4, "with a table")
check.equal(memory.new(Point, 1, 2).x, 1, "a type")
check.equal(memory.new(copy).x, 0, "an object stands for its type")

-- Too many values, of whichever kind.
check.raises("range", { "int [2]", "got 3" }, memory.new, "int[2]", 1, 2, 3)
check.raises("range", { "int [2]", "got 3" }, memory.new, "int[2]", { [0] = 1, 2, 3 })
check.raises("range", { "struct point", "got 3" }, memory.new, "struct point", 1, 2, 3)
check.raises("range", { "struct point", "got 3" }, memory.new, "struct point", { 1, 2, 3 })
check.raises("range", { "from", "got 3" }, memory.new, "struct segment", { from = { 1, 2, 3 } })
check.raises("range", { "element 0", "got 3" }, memory.new, "int[3][2]", { { 1, 2, 3 } })
check.raises("range", { "int" }, memory.new, "int", 1, 2)
check.raises("range", { "got 3" }, memory.new, "int[?]", 2, { 1, 2, 3 })

-- Names that are no fields, or stand where positions are.
check.raises("type", { "struct point", "'z'" }, memory.new, "struct point", { x = 1, z = 2 })
check.raises("type", { "struct segment", "'form'", "did you mean 'from'" }, memory.new, "struct segment", { form = {} })
check.raises("type", { "struct segment", "'nam'", "did you mean 'name'" }, memory.new, "struct segment",
  { nam = "x" })
check.raises("type", { "struct point", '"x"' }, memory.new, "struct point", { 1, x = 2 })
check.raises("type", { "int [2]", "x" }, memory.new, "int[2]", { x = 1 })
check.raises("type", { "true" }, memory.new, "struct point", { [true] = 1 })

-- Values that do not fit name the field or element.
check.raises("type", { "struct point", "y", '"2"' }, memory.new, "struct point", 1, "2")
check.raises("type", { "y", "1.5" }, memory.new, "struct point", { x = 1, y = 1.5 })
check.raises("range", { "x", "2147483648" }, memory.new, "struct point", { x = 1 << 31 })
check.raises("type", { "element 1", "true" }, memory.new, "int[2]", { 1, true })
check.raises("type", { "from", "5" }, memory.new, "struct segment", { from = 5 })
check.raises("type", { "to", "x", '"1"' }, memory.new, "struct segment", { to = { x = "1" } })
check.raises("range", { "name", "9 bytes" }, memory.new, "struct segment", { name = "123456789" })
check.raises("type", { "where", "double" }, memory.new, "struct mixed", { where = memory.new "double[1]" })
check.raises("type", { "struct point", "function" }, memory.new, "struct point", print)
check.raises("type", { "int", "table" }, memory.new, "int", { {} })
check.raises("type", { "struct segment", "struct point" }, memory.new, "struct segment", memory.new "int[2]")

check.finish()
