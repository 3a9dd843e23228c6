-- Numbers that Lua has not: long double, as the worker's compiler has it, and complex numbers with their two parts.
local check = require "check"
local records = check.library "records"
local memory = dll.of(records)

dll.cdef [[
  struct extended { char before; long double value; char after; };
  struct signal { int id; double _Complex value; float _Complex samples[2]; };
  int record_size(const char *type);
  int record_offset(const char *field);
  void extended_fill(struct extended *e);
  int extended_check(const struct extended *e);
  double squared_magnitude(const double *parts);
]]

-- long double: Microsoft's compilers have a double, the others 80 bits in 12 or 16 bytes.
local sizes = { [32] = 12, [64] = 16 }
check.equal(memory.sizeof "long double", check.is_pe and 8 or sizes[check.bits], "the size")
local value = memory.new("long double", 1.5)
check.equal(value[0], 1.5, "made and read")
check.equal(memory.tonumber(value), 1.5, "as a number")
check.equal(value + 1, 2.5, "in arithmetic")
for _, number in ipairs { 0.0, 1.0, -1.0, 0.1, 1 / 3, 1e308, -1e-308, 5e-324, math.pi, 2.0 ^ 63, math.huge, -math.huge } do
  value[0] = number
  check.equal(value[0], number, "every float of Lua is kept: " .. number)
end
value[0] = 0 / 0
check.truthy(value[0] ~= value[0], "not a number")
value[0] = -0.0
check.equal(1 / value[0], -math.huge, "a negative zero")
value[0] = 7
check.equal(value[0], 7.0, "an integer")
check.equal(memory.new("long double[3]", { 1, 2, 3 })[2], 3.0, "an array")
check.equal(memory.cast("long double", 2), 2.0, "cast")

-- In a struct, where the library writes and reads it. A library of mingw has 80 bits in any case: not compared there.
local extended = memory.new "struct extended"
if not check.is_pe then
  check.equal(memory.sizeof(extended), records.record_size "struct extended", "the size")
  check.equal(memory.offsetof("struct extended", "value"), records.record_offset "extended.value", "the offset")
  check.equal(memory.offsetof("struct extended", "after"), records.record_offset "extended.after", "what follows")
  records.extended_fill(extended)
  check.equal(extended.value, -1.5, "the library's value")
  check.equal(extended.after, 2, "what follows it")
  check.equal(records.extended_check(memory.new("struct extended", 1, -1.5, 2)), 1, "the script's value")
  extended.value = 0.5
  check.equal(records.extended_check(extended), 0, "another value")
end
extended.value = 0.25
check.equal(extended.value, 0.25, "a field")

-- Complex numbers: re and im.
check.equal(memory.sizeof "double _Complex", 16, "the size")
check.equal(memory.sizeof "_Complex double", 16, "the size, specifiers in any order")
check.equal(memory.sizeof "float _Complex", 8, "the size of two floats")
local number = memory.new("double _Complex", 3, 4)
check.equal(number.re, 3.0, "the real part")
check.equal(number.im, 4.0, "the imaginary part")
number.im = -0.5
check.equal(number.im, -0.5, "written")
number.re = 1 / 3
check.equal(number.re, 1 / 3, "exact")
check.equal(memory.new("double _Complex", 2).im, 0.0, "a real number alone")
check.equal(memory.new("double _Complex").re, 0.0, "nothing")
check.equal(memory.new("double _Complex", { 5, 6 }).im, 6.0, "a table")
check.equal(memory.new("double _Complex", { re = 5, im = 6 }).im, 6.0, "a table by name")
check.equal(memory.new("double _Complex", number).im, -0.5, "a copy")
check.equal(memory.new("float _Complex", 0.5, 0.25).im, 0.25, "of floats")
check.contains(tostring(memory.new("double _Complex", 1, 2)), { "double _Complex 0x", "re = 1", "im = 2" }, "shown")
local parts = memory.cast("double *", memory.new("double _Complex", 3, 4))
check.equal(records.squared_magnitude(parts), 25.0, "two doubles to the library")

-- In arrays and structs.
local signal = memory.new("struct signal", 7, { 1, 2 }, { { 3, 4 }, { re = 5 } })
check.equal(signal.value.im, 2.0, "a field")
check.equal(signal.samples[0].im, 4.0, "an element")
check.equal(signal.samples[1].re, 5.0, "an element")
signal.value = number
check.equal(signal.value.im, -0.5, "copied into a field")
signal.value.re = 9
check.equal(signal.value.re, 9.0, "a part of a field")
signal.samples[1] = { 1, -1 }
check.equal(signal.samples[1].im, -1.0, "from a table")
local alignment = check.bits == 32 and not check.is_pe and 4 or 8
check.equal(memory.offsetof("struct signal", "value"), alignment, "aligned as doubles")

-- Mistakes.
check.raises("type", { "double _Complex", "'imag'" }, function() return number.imag end)
check.raises("type", { "im", '"1"' }, function() number.im = "1" end)
check.raises("range", { "double _Complex", "got 3" }, memory.new, "double _Complex", 1, 2, 3)
check.raises("range", { "float" }, function() signal.samples[0].re = 1e300 end)
check.raises("type", { "long double", '"1"' }, memory.new, "long double", "1")
check.raises("type", { "value", "true" }, function() extended.value = true end)

-- As LuaJIT knows them, without a header.
check.equal(memory.sizeof "complex", 16, "complex")
check.equal(memory.new("complex double", 1, 2).im, 2.0, "complex double")
check.equal(memory.sizeof "complex float", 8, "complex float")

check.finish()
