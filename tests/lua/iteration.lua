-- pairs, ipairs and `#`: over arrays and the fields of structs, from 0.
local check = require "check"
local records, lists = check.library "records", check.library "lists"
local memory = dll.of(records)

dll.cdef [[
  struct point { int x, y; };
  struct segment { struct point from, to; char name[8]; };
  struct variant { int kind; union { int i; double d; struct { short low, high; }; const char *text; }; char after; };
  struct flags { unsigned int a : 3; int b : 5; unsigned int : 4; unsigned int c : 10; };
  struct segment *static_segment(void);
  struct point *static_points(int *count);
  struct legacy { int count; int values[1]; };
]]

-- What a loop gives, as text.
local function listed(iterate, value)
  local items = {}
  for key, item in iterate(value) do
    items[#items + 1] = string.format("%s=%s", key, type(item) == "userdata" and "part" or tostring(item))
  end
  return table.concat(items, " ")
end

-- Arrays: both give the elements from 0, `#` their number.
local array = memory.new("int[4]", { 10, 20, 30, 40 })
check.equal(#array, 4, "the length")
check.equal(listed(ipairs, array), "0=10 1=20 2=30 3=40", "ipairs")
check.equal(listed(pairs, array), "0=10 1=20 2=30 3=40", "pairs")
check.equal(listed(ipairs, memory.new "int[2]"), "0=0 1=0", "zeros do not end it")
check.equal(listed(ipairs, memory.new("double[?]", 3, { 0.5, 1 })), "0=0.5 1=1.0 2=0.0", "an open length")
check.equal(listed(ipairs, memory.new("int[?]", 0)), "", "no elements")
check.equal(listed(pairs, memory.new "int[0]"), "", "no elements")
check.equal(listed(ipairs, memory.new("_Bool[2]", { true, false })), "0=true 1=false", "booleans")
check.equal(listed(ipairs, memory.new "void *[3]"), "0=nil 1=nil 2=nil", "NULL does not end it")
check.equal(listed(ipairs, memory.new("int[2][2]")), "0=part 1=part", "arrays of arrays")
check.equal(listed(pairs, memory.new("struct point[2]")), "0=part 1=part", "arrays of structs")
check.equal(#memory.new("int[2][5]")[1], 5, "the length of a row")

-- Elements may be written in the loop, and it may be left.
for index in ipairs(array) do
  array[index] = array[index] + index
  if index == 2 then
    break
  end
end
check.equal(listed(ipairs, array), "0=10 1=21 2=32 3=40", "written on the way")

-- Structs: fields in the order of their declaration; NULL fields too.
check.equal(listed(pairs, memory.new("struct point", 1, 2)), "x=1 y=2", "fields")
local segment = memory.new("struct segment", { { 1, 2 }, { 3, 4 }, "name" })
check.equal(listed(pairs, segment), "from=part to=part name=part", "structs and arrays in it")
for _, part in pairs(segment) do
  if memory.istype("struct point", part) then
    part.x = 9
  end
end
check.equal(segment.from.x + segment.to.x, 18, "parts are views")
check.equal(listed(pairs, memory.new("struct flags", 5, -3, 700)), "a=5 b=-3 c=700", "bit-fields, not those without a name")
local variant = memory.new("struct variant", 1, 0x20003)
local names = {}
for name in pairs(variant) do
  names[#names + 1] = name
end
check.equal(table.concat(names, " "), "kind i d low high text after", "the members of anonymous ones")

-- Through pointers: the fields of what they lead to. Nobody knows how many elements there are.
check.equal(listed(pairs, memory.cast("struct point *", memory.new("struct point", 3, 4))), "x=3 y=4", "a pointer")
check.equal(listed(pairs, records.static_segment().to), "x=3 y=4", "the library's memory")
check.equal(listed(ipairs, records.static_segment().name):sub(1, 7), "0=115 1", "an array in it")
check.equal(listed(pairs, memory.new("struct point *", memory.new "struct point")), "x=0 y=0", "an object of a pointer")
check.raises("type", { "int *" }, ipairs, memory.cast("int *", array))
check.raises("type", { "int *" }, pairs, memory.cast("int *", array))
check.raises("type", { "struct point" }, ipairs, memory.new "struct point")
check.raises("type", { "struct point" }, function() return #memory.new "struct point" end)
check.raises("type", { "int *" }, function() return #memory.cast("int *", array) end)
check.raises("type", { "int" }, function() return #memory.new "int" end)
check.raises("type", { "void *" }, pairs, memory.cast("void *", array))

-- A loop keeps what it goes over.
local sum = 0
for _, value in ipairs(memory.new("int[100]", 1)) do
  if sum % 20 == 0 then
    collectgarbage()
  end
  sum = sum + value
end
check.equal(sum, 100, "an object that only the loop has")

-- What is closed on the way ends it with an error.
check.raises("stale", "closed", function()
  local object = memory.new "int[3]"
  for index in ipairs(object) do
    if index == 1 then
      local _ <close> = object
    end
  end
end)

-- `next` itself is for tables.
check.equal(pcall(next, array), false, "next")

check.finish()
