-- Several arguments: each one in its place, whatever its width; too few, too many, and no result.
local check = require "check"
local calls = check.library "calls"

dll.cdef [[
  double mix(char a, double b, short c, long long d, float e, unsigned char f, int g, _Bool h,
             unsigned short i, double j, unsigned long long k, signed char l);
  long long weigh14(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k, int l, int m, int n);
  double weigh10_doubles(double a, double b, double c, double d, double e, double f, double g, double h, double i,
                         double j);
  int add(int a, int b);
  void nothing(void);
  int count_call(void);
  int count_calls_so_far(void);
]]

local function weigh(values)
  local sum = 0
  for index, value in ipairs(values) do
    sum = sum + index * value
  end
  return sum
end

check.equal(calls.mix(1, 2.5, -3, 4000000000, 0.5, 255, -7, true, 65535, 1e6, 9000000000, -128),
  1 + 2.5 * 2 - 3 * 3 + 4000000000 * 4 + 0.5 * 5 + 255 * 6 - 7 * 7 + 8 + 65535 * 9 + 1e6 * 10 + 9000000000.0 * 11
  - 128 * 12, "twelve arguments of mixed widths")

-- One argument at a time: a shifted or swapped one would get another's weight.
for position = 1, 14 do
  local values = {}
  for index = 1, 14 do
    values[index] = index == position and -1000003 or 0
  end
  check.equal(calls.weigh14(table.unpack(values)), weigh(values), "integer argument " .. position)
end
for position = 1, 10 do
  local values = {}
  for index = 1, 10 do
    values[index] = index == position and 0.125 or 0.0
  end
  check.equal(calls.weigh10_doubles(table.unpack(values)), weigh(values), "floating-point argument " .. position)
end

-- A void function has no results, not nil.
check.equal(select("#", calls.nothing()), 0, "results of a void function")
check.equal(select("#", calls.add(1, 2)), 1, "results of an int function")

-- The number of arguments is part of the declaration; both numbers are told, and nothing was called.
local before = calls.count_call()
local raised = check.raises("type", { "add", "2", "1" }, calls.add, 1)
check.equal(raised.func, "add", "the function of the error")
check.raises("type", { "add", "2", "3" }, calls.add, 1, 2, 3)
check.raises("type", { "add", "2", "0" }, calls.add)
check.raises("type", { "nothing", "0", "1" }, calls.nothing, nil)
check.raises("type", { "count_call", "1" }, calls.count_call, 1)
check.equal(calls.count_calls_so_far(), before, "calls that were refused did not happen")

-- A function is a value like any other.
local add = calls.add
check.equal(add(2, 3), 5, "a function kept in a local")
check.equal(calls.add, add, "a name always gives the same function")
check.contains(tostring(add), { "int", "add", "int a", "int b" }, "a function shown")
local sum = 0
for index = 1, 1000 do
  sum = add(sum, index)
end
check.equal(sum, 500500, "a thousand calls")

-- A library's names cannot be overwritten by accident.
check.raises("type", "subtract", function()
  calls.subtract = print
end)

-- What is no string is no name and no text.
check.raises("type", { "dll.cdef", "5" }, dll.cdef, 5)
check.raises("type", { "dll.load", "nil" }, dll.load)
check.raises("type", { "dll.cast", "table" }, dll.cast, {}, 1)
check.raises("type", { "dll.abi", "true" }, dll.abi, true)
check.raises("type", { "dll.errno", '"7"' }, dll.errno, "7")
check.raises("type", { "dll.errno" }, dll.errno, 1 << 40)
-- Comments in a header may be in any encoding.
dll.cdef "/* Gr\xf6\xdfe */ int after_a_comment_in_latin_1(void);"

check.finish()
