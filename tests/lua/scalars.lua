-- Every scalar type: values go in and come out whole, at the ends of their ranges too.
local check = require "check"
local calls = check.library "calls"

dll.cdef [[
  enum color { RED, GREEN = 5, BLUE };
  enum color echo_color(enum color value);
  float echo_float(float value);
  double echo_double(double value);
  _Bool echo_bool(_Bool value);
]]

-- The ends of the range of an integer of this many bits. 64 unsigned bits are the same bits signed.
local function range(bits, signed)
  if signed then
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1
  end
  return 0, bits == 64 and -1 or (1 << bits) - 1
end

local integers = {
  { "char", "char", true },
  { "signed_char", "signed char", true },
  { "unsigned_char", "unsigned char" },
  { "short", "short", true },
  { "unsigned_short", "unsigned short" },
  { "int", "int", true },
  { "unsigned_int", "unsigned int" },
  { "long", "long", true },
  { "unsigned_long", "unsigned long" },
  { "long_long", "long long", true },
  { "unsigned_long_long", "unsigned long long" },
  { "int8", "int8_t", true },
  { "uint8", "uint8_t" },
  { "int16", "int16_t", true },
  { "uint16", "uint16_t" },
  { "int32", "int32_t", true },
  { "uint32", "uint32_t" },
  { "int64", "int64_t", true },
  { "uint64", "uint64_t" },
  { "size", "size_t" },
}

for _, row in ipairs(integers) do
  local name, ctype, signed = table.unpack(row)
  local bits = 8 * dll.sizeof(ctype)
  local least, most = range(bits, signed)
  dll.cdef(string.format("%s echo_%s(%s value);", ctype, name, ctype))
  local echo = calls["echo_" .. name]
  for _, value in ipairs { 0, 1, 42, least, most, least + 1, most - 1 } do
    check.equal(echo(value), value, ctype)
  end
  -- A float without a fraction is an integer to Lua, and to a parameter.
  check.equal(echo(7.0), 7, ctype .. " from a float")
  if bits < 64 then
    check.raises("range", { "echo_" .. name, "value", tostring(most + 1) }, echo, most + 1)
    check.raises("range", { "echo_" .. name, "value", tostring(least - 1) }, echo, least - 1)
  end
end

-- Results at the ends of their ranges, declared here for the first time: nothing is left over from the argument.
local extremes = {
  { "signed char", "signed_char_min", range(8, true) },
  { "short", "short_min", (range(16, true)) },
  { "int", "int_min", (range(32, true)) },
  { "long", "long_min", (range(8 * dll.sizeof "long", true)) },
  { "long long", "long_long_min", math.mininteger },
  { "unsigned char", "unsigned_char_max", 255 },
  { "unsigned short", "unsigned_short_max", 65535 },
  { "int", "int_max", 2147483647 },
  { "unsigned int", "unsigned_int_max", 4294967295 },
  { "long", "long_max", select(2, range(8 * dll.sizeof "long", true)) },
  { "unsigned long", "unsigned_long_max", select(2, range(8 * dll.sizeof "long", false)) },
  { "long long", "long_long_max", math.maxinteger },
  { "unsigned long long", "unsigned_long_long_max", -1 },
}
for _, row in ipairs(extremes) do
  local ctype, name, expected = table.unpack(row)
  dll.cdef(string.format("%s %s(void);", ctype, name))
  check.equal(calls[name](), expected, name)
end

-- Floating point: integers are taken too, and the result is always a float.
for _, value in ipairs { 0.0, -0.0, 1.5, -2.25, 1e300, -1e-300, math.pi, math.huge, -math.huge } do
  check.equal(calls.echo_double(value), value, "double")
end
check.equal(1 / calls.echo_double(-0.0), -math.huge, "the sign of zero")
check.equal(calls.echo_double(0 / 0), 0 / 0, "not a number")
check.equal(calls.echo_double(3), 3.0, "double from an integer")
check.equal(calls.echo_double(1 << 53), 2.0 ^ 53, "double from a large integer")
check.equal(calls.echo_float(0.5), 0.5, "float")
check.equal(calls.echo_float(3), 3.0, "float from an integer")
check.equal(calls.echo_float(0.1), (string.unpack("f", string.pack("f", 0.1))), "float is rounded to its width")
check.equal(calls.echo_float(-math.huge), -math.huge, "float infinity")

dll.cdef "float float_max(void); double double_min(void); double divide(double dividend, double divisor);"
check.equal(calls.float_max(), 3.4028234663852886e38, "the largest float")
check.equal(calls.double_min(), 2.2250738585072014e-308, "the least normal double")
check.equal(calls.divide(1, 4), 0.25, "divide")
check.equal(calls.divide(1, 0), math.huge, "divide by zero")

check.equal(calls.echo_bool(true), true, "true")
check.equal(calls.echo_bool(false), false, "false")

check.equal(calls.echo_color(5), 5, "an enumerator's value")
check.equal(calls.echo_color(0), 0, "the first enumerator's value")
check.equal(calls.GREEN, 5, "an enumerator is a constant of the library")
check.equal(calls.BLUE, 6, "an enumerator that counts on")

check.finish()
