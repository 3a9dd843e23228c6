-- dll.cast: between pointers, between pointers and integers, and between numbers, as C does it.
local check = require "check"
local calls = check.library "calls"
local memory = dll.of(calls)

dll.cdef [[
  struct point { int x, y; };
  enum color { RED, GREEN = 5, BLUE };
  int *static_ints(void);
  const int *constant_ints(void);
  int add(int a, int b);
  int load_int(const int *source);
  void store_int(int *target, int value);
]]

-- Numbers wrap and are cut.
local casts = {
  { "int8_t", 200, -56 }, { "uint8_t", -1, 255 }, { "uint8_t", 256, 0 }, { "int16_t", 0x18000, -32768 },
  { "uint16_t", -1, 65535 }, { "int", 1 << 31, math.tointeger(-2 ^ 31) }, { "unsigned", -1, 4294967295 },
  { "int", 3.99, 3 }, { "int", -3.99, -3 }, { "int64_t", 1e15, 1000000000000000 }, { "uint64_t", -1, -1 },
  { "double", 5, 5.0 }, { "float", 0.5, 0.5 }, { "float", 16777217, 16777216.0 }, { "_Bool", 5, true },
  { "_Bool", 0, false }, { "_Bool", 0.5, true }, { "int", true, 1 }, { "int", false, 0 }, { "enum color", 5, 5 },
  { "char", 65, 65 },
}
for _, row in ipairs(casts) do
  local what = string.format("(%s)%s", row[1], row[2])
  check.equal(memory.cast(row[1], row[2]), row[3], what)
end
check.equal(memory.cast("float", 0.1), string.unpack("<f", string.pack("<f", 0.1)), "rounded to a float")
check.equal(memory.cast("int8_t", memory.new("int", 300)), 44, "an object of a number")
check.equal(memory.cast("int", memory.new("double", 2.9)), 2, "an object of a double")
check.equal(memory.cast(memory.typeof "int", 2.5), 2, "to a type")

-- Pointers to pointers: the same address, another type.
local array = memory.new("int[4]", { 1, 2, 3, 4 })
local bytes = memory.cast("uint8_t *", array)
check.equal(bytes[4], 2, "an array as bytes")
bytes[8] = 30
check.equal(array[2], 30, "written as bytes")
local point = memory.cast("struct point *", array)
check.equal(point.y, 2, "as structs")
check.equal(point[1].y, 4, "the next one")
check.equal(memory.cast("int (*)[2]", array)[1][1], 4, "as rows")
local object = memory.new("struct point", 5, 6)
check.equal(memory.cast("int *", object)[1], 6, "a struct as its fields")
check.equal(memory.cast("int *", memory.cast("void *", object))[0], 5, "through void *")
local row = memory.new("int[2][2]", { { 1, 2 }, { 3, 4 } })
check.equal(memory.cast("int *", row[1])[0], 3, "a part")
check.raises("range", { "int *" }, function() return memory.cast("int *", row[1])[2] end)
check.equal(memory.cast("int *", row[1])[-1], 2, "within the whole")

-- const is added and taken away.
local constant = memory.cast("const int *", array)
check.equal(constant[3], 4, "read")
check.raises("type", "const", function() constant[3] = 5 end)
memory.cast("int *", constant)[3] = 40
check.equal(array[3], 40, "taken away")
memory.cast("int *", calls.constant_ints())[0] = 10
check.equal(calls.load_int(calls.static_ints()), 10, "of the library")

-- Pointers and integers.
local address = memory.cast("uintptr_t", array)
check.equal(math.type(address), "integer", "an address")
check.equal(memory.cast("intptr_t", array) & 0xFFFFFFFF, address & 0xFFFFFFFF, "signed")
check.equal(memory.cast("int *", address)[0], 1, "and back, while the object lives")
check.equal(memory.cast("int64_t", array), address, "any integer that is wide enough")
check.equal(memory.cast("uint8_t", memory.cast("void *", 0x12345)), 0x45, "or cut, where it is not")
check.equal(memory.cast("uintptr_t", memory.cast("void *", 0x1000)), 0x1000, "an address that is given")
check.equal(memory.cast("uintptr_t", memory.nullptr), 0, "NULL")
check.equal(memory.cast("int *", 0), nil, "0 is NULL")
check.equal(memory.cast("int *", nil), nil, "nil is NULL")
check.equal(memory.cast("int *", memory.nullptr), nil, "dll.nullptr is NULL")
local highest = memory.cast("void *", -1)
check.equal(memory.cast("uintptr_t", highest), check.bits == 64 and -1 or 0xFFFFFFFF, "-1 is the highest address")
check.raises("type", { "1.5" }, memory.cast, "int *", 1.5)
if check.bits == 32 then
  check.raises("range", { "0x100000000" }, memory.cast, "int *", 1 << 32)
end

-- Functions: to an address and back, called.
local add = memory.cast("int (*)(int, int)", calls.add)
check.equal(add(2, 3), 5, "a function of a library as a pointer")
local there = memory.cast("uintptr_t", add)
check.truthy(there ~= 0, "its address")
check.equal(memory.cast("int (*)(int, int)", there)(20, 22), 42, "and back")
check.equal(memory.cast("unsigned (*)(int, int)", calls.add)(-1, 0), 4294967295, "as another type")
check.truthy(memory.cast("void *", calls.add) == memory.cast("void *", add), "the same address")

-- Without a cast: the same type, void *, another integer of the same size, const added. Nothing else.
local accepted = {
  { "int *", "int[1]" }, { "void *", "struct point" }, { "const int *", "int[1]" }, { "unsigned *", "int[1]" },
  { "uint8_t *", "char[4]" }, { "char *", "signed char[4]" }, { "const void *", "const double" }, { "int (*)[2]", "int[3][2]" },
  { "struct point *", "struct point[2]" }, { "enum color *", "enum color" },
}
for _, pair in ipairs(accepted) do
  local target, places = memory.new(pair[2]), memory.typeof("$[1]", memory.typeof(pair[1]))()
  places[0] = target
  check.truthy(places[0] == target, pair[2] .. " for " .. pair[1])
end
local refused = {
  { "int *", "short[2]" }, { "int *", "double" }, { "int *", "const int[1]" }, { "void *", "const int[1]" },
  { "float *", "int" }, { "struct point *", "int[2]" }, { "int (*)[2]", "int[2][3]" }, { "int **", "unsigned short *" },
  { "long long *", "double[1]" },
}
for _, pair in ipairs(refused) do
  local places = memory.typeof("$[1]", memory.typeof(pair[1]))()
  check.raises("type", pair[1], function() places[0] = memory.new(pair[2]) end)
end

-- dll.tonumber: the number that C data is; of other values what Lua's tonumber makes.
check.equal(memory.tonumber(memory.new("short", -5)), -5, "an integer")
check.equal(memory.tonumber(memory.new("float", 0.5)), 0.5, "a float")
check.equal(memory.tonumber(memory.new("enum color", "BLUE")), 6, "an enumeration")
check.equal(memory.tonumber(array), nil, "an array is no number")
check.equal(memory.tonumber(memory.cast("int *", array)), nil, "nor is a pointer")
check.equal(memory.tonumber "0x10", 16, "text")
check.equal(memory.tonumber("z", 36), 35, "text with a base")
check.equal(memory.tonumber "no number", nil, "other text")
check.equal(memory.tonumber(2.5), 2.5, "a number")

-- What is no cast.
check.raises("type", { "struct point", "5" }, memory.cast, "struct point", 5)
check.raises("type", { "int [2]" }, memory.cast, "int[2]", array)
check.raises("type", { "int *", "string" }, memory.cast, "int *", "text")
check.raises("type", { "const char *", "dll.new" }, memory.cast, "const char *", "text")
check.raises("type", { "int", '"5"' }, memory.cast, "int", "5")
check.raises("type", { "int *", "table" }, memory.cast, "int *", {})
check.raises("type", { "double" }, memory.cast, "double", array)
check.raises("type", { "int", "table" }, memory.cast, "int", {})
check.raises("declaration", { "struct unheard" }, memory.cast, "struct unheard", 5)
check.raises("declaration", "no_such", memory.cast, "no_such *", array)

check.finish()
