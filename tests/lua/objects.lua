-- Objects that scripts make: what they start with, how they are read and written, how they are passed, when they end.
local check = require "check"
local calls = check.library "calls"
local memory = dll.of(calls)

dll.cdef [[
  typedef struct counter counter;
  int string_length(const char *text);
  int sum_ints(const int *values, int count);
  void scale_doubles(double *values, int count, double factor);
  void store_int(int *target, int value);
  int load_int(const int *source);
  void store_pointer(void **target, void *value);
  int *static_ints(void);
  const int *constant_ints(void);
  int add(int a, int b);
]]

-- Zeros, one value for all, several values, tables, nested tables.
local zeros = memory.new("int[4]")
check.equal(#zeros, 4, "the length")
check.equal(zeros[0] + zeros[3], 0, "zeros")
check.equal(memory.new("int[3]", 7)[2], 7, "one value is repeated")
local several = memory.new("int[3]", 1, 2)
check.equal(several[1], 2, "several values")
check.equal(several[2], 0, "and zeros after them")
check.equal(memory.new("int[3]", { 4, 5, 6 })[2], 6, "a table from 1")
check.equal(memory.new("int[3]", { [0] = 4, 5, 6 })[2], 6, "a table from 0")
check.equal(memory.new("int[3]", { 9 })[2], 9, "one value of a table is repeated")
local open = memory.new("int[?]", 3, { 9 })
check.equal(open[2], 0, "but not where the length is left open")
check.equal(#open, 3, "whose length is told")
local matrix = memory.new("int[2][3]", { { 1, 2, 3 }, { 4, 5, 6 } })
check.equal(matrix[1][2], 6, "an array of arrays")
matrix[0][1] = 20
check.equal(matrix[0][1], 20, "whose parts are written")

-- Every scalar keeps its bounds.
local scalars = {
  { "int8_t", -128, 127 }, { "uint8_t", 0, 255 }, { "int16_t", -32768, 32767 }, { "uint16_t", 0, 65535 },
  { "int32_t", -2147483648, 2147483647 }, { "uint32_t", 0, 4294967295 },
  { "int64_t", math.mininteger, math.maxinteger },
}
for _, scalar in ipairs(scalars) do
  local name, lowest, highest = table.unpack(scalar)
  local values = memory.new(name .. "[2]", lowest, highest)
  check.equal(values[0], lowest, name)
  check.equal(values[1], highest, name)
  if name ~= "int64_t" then
    check.raises("range", { name, tostring(highest + 1) }, function() values[0] = highest + 1 end)
    check.raises("range", { name, tostring(lowest - 1) }, function() values[0] = lowest - 1 end)
    check.equal(values[0], lowest, "a value that does not fit changes nothing")
  end
end
local numbers = memory.new("double[2]", 0.1, 1 / 3)
check.equal(numbers[1], 1 / 3, "doubles are exact")
check.equal(memory.new("float", 0.5)[0], 0.5, "a float")
local flag = memory.new("_Bool", true)
check.equal(flag[0], true, "a boolean")
check.raises("type", "a boolean", function() flag[0] = 1 end)

-- Text in arrays of characters.
local text = memory.new("char[?]", 6, "hello")
check.equal(memory.string(text), "hello", "a string and its zero")
check.equal(text[5], 0, "the zero")
check.equal(memory.string(memory.new("char[5]", "hello")), "hello", "without room for the zero")
check.raises("range", "6 bytes", memory.new, "char[5]", "hello!")
check.raises("type", "string", memory.new, "int[5]", "hello")

-- Passed to functions: arrays and objects by address, scalars by value where a value is wanted.
check.equal(calls.sum_ints(memory.new("int[3]", { 1, 2, 3 }), 3), 6, "an array")
check.equal(calls.string_length(text), 5, "text")
local doubles = memory.new("double[3]", { 1, 2, 3 })
calls.scale_doubles(doubles, 3, 2.5)
check.equal(doubles[2], 7.5, "what the library wrote is read")
local cell = memory.new("int")
calls.store_int(cell, 42)
check.equal(cell[0], 42, "a scalar by address")
check.equal(memory.tonumber(cell), 42, "tonumber")
check.equal(calls.add(cell, memory.new("int", -2)), 40, "a scalar by value")
check.raises("type", { "double", "int [2]" }, calls.scale_doubles, memory.new("int[2]"), 2, 1)
check.raises("type", "const int [2]", calls.store_int, memory.new("const int[2]"), 1)

-- Pointers in memory.
local place = memory.new("void *[1]")
check.equal(place[0], nil, "NULL is nil")
calls.store_pointer(place, cell)
check.truthy(place[0] == memory.cast("void *", cell), "the library stored the object's address")
check.equal(memory.cast("int *", place[0])[0], 42, "and it leads there")
place[0] = nil
check.equal(place[0], nil, "nil is NULL")
check.raises("type", "dll.new", function() memory.new("const char *[1]")[0] = "text" end)
local held = memory.new("int *", memory.cast("int *", cell))
check.equal(calls.load_int(held), 42, "an object that holds a pointer is passed as that pointer")

-- Pointers that the library gave.
local foreign = calls.static_ints()
check.equal(foreign[0], 10, "the first")
check.equal(foreign[2], 30, "the third")
foreign[1] = 21
check.equal(calls.sum_ints(foreign, 3), 61, "written")
foreign[1] = 20
check.equal(memory.cast("int *", memory.cast("uintptr_t", foreign))[2], 30, "through an integer and back")
check.raises("type", "const", function() calls.constant_ints()[0] = 1 end)
check.raises("type", "void *", function() return memory.cast("void *", foreign)[0] end)
local nowhere = memory.cast("int *", 64)
local raised = check.raises("memory", { "int *", "0x00000040" }, function() return nowhere[0] end)
check.equal(raised.address, 64, "the address")
raised = check.raises("memory", "0x00000044", function() nowhere[1] = 1 end)
check.equal(raised.address, 68, "the address of the element")

-- Mistakes name the type, what was wrong, and what would be right.
check.raises("range", { "int [4]", "4", "0 to 3" }, function() return zeros[4] end)
check.raises("range", "-1", function() zeros[-1] = 1 end)
check.raises("type", { "int [4]", "element 1", "1.5" }, function() zeros[1] = 1.5 end)
check.raises("type", "'first'", function() return zeros.first end)
check.equal(zeros[1.0], 0, "a float without a fraction is an index")
check.raises("range", { "int [2]", "2", "got 3" }, memory.new, "int[2]", 1, 2, 3)
check.raises("range", "got 3", memory.new, "int[2]", { 1, 2, 3 })
check.raises("type", "element 1", memory.new, "int[2]", { 1, "2" })
check.raises("declaration", "number of elements", memory.new, "int[?]")
check.raises("type", "number of elements", memory.new, "int[?]", -1)
check.raises("declaration", "length", memory.new, "int[]")
check.raises("declaration", "counter", memory.new, "counter")
check.raises("declaration", "void", memory.new, "void")
check.raises("declaration", "no_such_type", memory.new, "no_such_type")
check.raises("type", "C type", memory.new, 5)
check.raises("memory", { "dll.new" }, memory.new, "char[?]", 1 << 40)

-- Shown with type, address and values; equal where they are the same place.
check.contains(tostring(memory.new("int[2]", 5)), { "int [2] 0x", "{5, 5}" }, "tostring")
check.contains(tostring(cell), { "int 0x", "= 42" }, "tostring of a scalar")
check.truthy(memory.cast("int *", zeros) == memory.cast("int *", zeros), "the same place")
check.truthy(zeros ~= open, "another place")
check.equal(memory.sizeof(zeros), 16, "sizeof of an object")

-- An object ends with its last reference, or when it is closed; what leads into it keeps it.
local kept
do
  local closed <close> = memory.new("int[3]", 1)
  kept = closed
end
check.raises("stale", { "int [3]", "closed" }, function() return kept[0] end)
check.raises("stale", "closed", calls.sum_ints, kept, 3)
check.contains(tostring(kept), "closed", "tostring of a closed object")
local row = memory.new("int[2][2]", { { 1, 2 }, { 3, 4 } })[1]
local pointer = memory.cast("int *", memory.new("int[2]", 8, 9))
collectgarbage()
collectgarbage()
for _ = 1, 100 do
  memory.new("int[4]", 77)
end
check.equal(row[1], 4, "a part keeps the whole")
check.equal(pointer[1], 9, "a pointer keeps its object")
check.raises("range", "int *", function() return pointer[4] end)

-- Memory is given back: a thousand times more is used than there may be at once.
for _ = 1, 300 do
  local large = memory.new("char[?]", 16 << 20)
  large[(16 << 20) - 1] = 1
end

check.finish()
