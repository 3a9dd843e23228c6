-- Pointers as C has them: counted in elements, compared by address, bounded where they lead into an object.
local check = require "check"
local records = check.library "records"
local memory = dll.of(records)

dll.cdef [[
  struct point { int x, y; };
  struct unknown;
  struct point *static_points(int *count);
  int points_sum(const struct point *points, int count);
]]

-- An array counts as a pointer to its first element.
local array = memory.new("int[5]", { 10, 11, 12, 13, 14 })
local second = array + 1
check.equal(second[0], 11, "array + n")
check.equal((2 + array)[0], 12, "n + array")
check.equal(second[-1], 10, "backwards")
check.contains(tostring(second), "int *", "a pointer to the element")
check.equal((second + 2)[0], 13, "pointer + n")
check.equal((second - 1)[0], 10, "pointer - n")
check.equal((second + -1)[0], 10, "pointer + a negative number")
check.equal((second + 2.0)[0], 13, "a float without a fraction")
check.equal((second + memory.new("int", 3))[0], 14, "an object of a number")
check.equal((array + 4) - second, 3, "the difference counts elements")
check.equal(second - array, 1, "from an array")
check.equal(array - (array + 5), -5, "backwards")

-- Counted in elements of any size.
local points = memory.new("struct point[3]", { { 1, 2 }, { 3, 4 }, { 5, 6 } })
check.equal((points + 2).y, 6, "structs")
check.equal(records.points_sum(points + 1, 2), 3 + 5 + 100 * (4 + 6), "passed to the library")
local rows = memory.new("int[2][3]", { { 1, 2, 3 }, { 4, 5, 6 } })
check.equal((rows + 1)[0][2], 6, "rows")
check.equal((rows[0] + 1)[0], 2, "within a row")
local bytes = memory.cast("uint8_t *", array)
check.equal((bytes + 4)[0], 11, "bytes")
check.equal(memory.cast("int *", bytes + 8)[0], 12, "and back")
local address = memory.cast("uintptr_t", array)
check.equal(memory.cast("uintptr_t", array + 3), address + 12, "the address")

-- Order and equality.
check.truthy(array + 1 < array + 2, "<")
check.truthy(array + 2 <= array + 2, "<=")
check.truthy(not (array + 2 < array + 1), "not <")
check.truthy(array + 2 > array, "> an array")
check.truthy(array + 1 == second, "== asks for the same place")
check.truthy(second ~= array, "another place")
check.truthy(memory.cast("char *", array) == memory.cast("int *", array), "the type does not matter")
check.truthy(memory.cast("int *", array) == array, "an object and a pointer to it")

-- Bounds go along.
check.equal((array + 5) - array, 5, "the place behind the end may be pointed to")
check.raises("range", { "int *" }, function() return (array + 5)[0] end)
check.raises("range", { "int *" }, function() return (array - 1)[0] end)
check.raises("range", { "int *" }, function() second[4] = 1 end)
check.equal((array + 100 - 98)[0], 12, "there and back")

-- On the library's memory.
local count = memory.new "int[1]"
local statics = records.static_points(count)
check.equal(count[0], 4, "an out parameter")
check.equal(statics[3].y, 40, "the last element")
check.equal((statics + 2).x, 3, "pointer + n")
check.equal((statics + 3) - statics, 3, "a difference")
check.equal((statics + 1)[-1].x, 1, "backwards")
local last, sum, at = statics + count[0], 0, statics
while at < last do
  sum = sum + at.x
  at = at + 1
end
check.equal(sum, 10, "a loop over pointers")

-- What C does not define.
check.raises("type", { "+", "int *" }, function() return second + second end)
check.raises("type", { "-" }, function() return 1 - second end)
check.raises("type", { "*" }, function() return second * 2 end)
check.raises("type", { "-" }, function() return -second end)
check.raises("type", { "1.5" }, function() return second + 1.5 end)
check.raises("type", { '"1"' }, function() return second + "1" end)
check.raises("type", { "int", "struct point" }, function() return points - array end)
check.raises("type", { "void *" }, function() return memory.cast("void *", array) + 1 end)
check.raises("type", { "struct unknown" }, function() return memory.cast("struct unknown *", array) + 1 end)
check.raises("type", { "void *" }, function() return memory.cast("void *", array)[0] end)
check.raises("type", { "<" }, function() return second < 5 end)
check.raises("range", { "int *" }, function() return second + (1 << 62) end)
check.raises("type", { "int *", "'x'" }, function() return second.x end)
check.raises("type", { "int *", "length" }, function() return #second end)

-- A pointer keeps the memory of what it was made of, also when that is closed; what was closed leads nowhere.
local pointer, object
do
  local closed <close> = memory.new("int[2]", 1)
  pointer, object = closed + 1, closed
end
check.equal(pointer[0], 1, "kept by a pointer")
check.raises("stale", "closed", function() return object + 1 end)
check.raises("stale", "closed", function() return pointer - object end)
check.raises("stale", "closed", function() return pointer < object end)

check.finish()
