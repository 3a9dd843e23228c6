-- Objects of one number: their element 0 is the number, and they take part in arithmetic as it.
local check = require "check"
local calls = check.library "calls"
local memory = dll.of(calls)

dll.cdef [[
  enum color { RED, GREEN = 5, BLUE };
  int add(int a, int b);
  double divide(double dividend, double divisor);
  void store_int(int *target, int value);
]]

-- Read and written as element 0, passed by value where a value is wanted and by address where a pointer is.
local five, half = memory.new("int", 5), memory.new("double", 0.5)
check.equal(five[0], 5, "its value")
check.equal(calls.add(five, five), 10, "by value")
check.equal(calls.divide(half, five), 0.1, "by value, converted")
local target = memory.new "int"
calls.store_int(target, 7)
check.equal(target[0], 7, "by address")
target[0] = five
check.equal(target[0], 5, "written from another one")
target[0] = target + 1
check.equal(target[0], 6, "counted up")

-- Arithmetic is Lua's, with the subtypes that Lua has.
check.equal(five + 1, 6, "+ an integer")
check.equal(1 + five, 6, "an integer +")
check.equal(five + 0.5, 5.5, "+ a float")
check.equal(five + half, 5.5, "of an integer and a double")
check.equal(half + half, 1.0, "of doubles")
check.equal(five - 7, -2, "-")
check.equal(five * five, 25, "*")
check.equal(five / 2, 2.5, "/")
check.equal(five // 2, 2, "//")
check.equal(five % 3, 2, "%")
check.equal(five ^ 2, 25.0, "^")
check.equal(-five, -5, "unary -")
check.equal(five & 4, 4, "&")
check.equal(five | 2, 7, "|")
check.equal(five ~ 1, 4, "~")
check.equal(~five, -6, "unary ~")
check.equal(five << 2, 20, "<<")
check.equal(1 >> memory.new("int", 1), 0, ">>")
check.equal(five .. " apples", "5 apples", "..")
check.equal("half is " .. half, "half is 0.5", "..")
check.equal(memory.new("uint64_t", -1) + 1, 0, "64 bits wrap as Lua's integers do")
check.equal(memory.new("enum color", "GREEN") + 1, 6, "an enumeration")
check.equal(memory.new("uint8_t", 255) + 1, 256, "the result is Lua's, not the type's")
check.equal(memory.new("const int", 5) * 2, 10, "a const one")

-- Order and equality. Lua asks only about two objects whether they are equal.
check.truthy(five < 6 and 4 < five and five <= 5, "with a number")
check.truthy(half < five, "of an integer and a double")
check.truthy(not (five < half), "the other way")
check.truthy(five == memory.new("int", 5), "equal by value")
check.truthy(five == memory.new("double", 5), "of another type")
check.truthy(five ~= half, "not equal")
check.truthy(five ~= 5, "an object is no number for Lua's ==")

-- As indices, counts and distances.
local array = memory.new("int[8]", { 0, 1, 2, 3, 4, 5, 6, 7 })
check.equal(array[five], 5, "an index")
check.equal((array + five)[0], 5, "a distance")
array[memory.new("short", 2)] = 20
check.equal(array[2], 20, "an index to write")

-- Results that a C type does not hold are refused where they are written.
local byte = memory.new("uint8_t", 200)
check.raises("range", { "uint8_t", "400", "255" }, function() byte[0] = byte * 2 end)
check.raises("type", { "uint8_t", "0.5" }, function() byte[0] = half end)
check.equal(byte[0], 200, "unchanged")

-- Lua's own errors come through as Lua raises them; what is no number has no arithmetic.
for _, mistake in ipairs {
  { function() return five // 0 end, "attempt to divide by zero" },
  { function() return five % 0 end, "attempt to perform 'n%" },
  { function() return half & 1 end, "number has no integer representation" },
} do
  local ok, message = pcall(mistake[1])
  check.truthy(not ok, mistake[2])
  check.contains(message, { "number_objects.lua:", mistake[2] }, "Lua's message, and where")
end
check.raises("type", { "+", "int", "table" }, function() return five + {} end)
check.raises("type", { "+", "int", "nil" }, function() return nil + five end)
check.raises("type", { "+", "int [8]" }, function() return array + array end)
check.raises("type", { "*", "int [8]" }, function() return array * 2 end)
check.raises("type", { "<", "int", "string" }, function() return five < "6" end)
check.raises("range", { "int", "1" }, function() return five[1] end)
check.raises("type", { "int", "'x'" }, function() return five.x end)

check.finish()
