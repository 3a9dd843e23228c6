-- Values that a parameter does not take: the error names the function, the parameter and the value, and nothing is called.
local check = require "check"
local calls = check.library "calls"

dll.cdef [[
  int add(int a, int b);
  unsigned char echo_unsigned_char(unsigned char value);
  char echo_char(char letter);
  unsigned int echo_unsigned_int(unsigned int);
  long long echo_long_long(long long value);
  unsigned long long echo_unsigned_long_long(unsigned long long value);
  double echo_double(double value);
  float echo_float(float value);
  _Bool echo_bool(_Bool value);
  int string_length(const char *text);
  int string_fill(char *buffer, int count);
  struct counter *counter_create(int value);
  int counter_get(const struct counter *counter);
  int count_call(void);
  int count_calls_so_far(void);
]]

local a_table, a_function, a_thread = {}, print, coroutine.create(print)
local calls_before = calls.count_call()

-- { kind, function, argument, fragments of the message beside the function's name }
local cases = {
  -- Integers: no fractions, no numeric strings, no booleans, nothing cut to fit.
  { "type", "add", { 1.5, 2 }, { "int a", "1.5" } },
  { "type", "add", { 1, -0.25 }, { "int b", "-0.25" } },
  { "type", "add", { "1", 2 }, { "int a", '"1"' } },
  { "type", "add", { true, 2 }, { "int a", "true" } },
  { "type", "add", { nil, 2 }, { "int a", "nil" } },
  { "type", "add", { a_table, 2 }, { "int a", "table" } },
  { "type", "add", { 1, a_function }, { "int b", "function" } },
  { "type", "add", { 1, a_thread }, { "int b", "thread" } },
  { "range", "add", { 2147483648, 0 }, { "int a", "2147483648", "-2147483648", "2147483647" } },
  { "range", "add", { 0, -2147483649 }, { "int b", "-2147483649" } },
  { "range", "add", { 1e10, 0 }, { "int a", "10000000000" } },
  { "range", "add", { 1e300, 0 }, { "int a" } },
  { "range", "add", { math.huge, 0 }, { "int a", "inf" } },
  { "range", "echo_unsigned_char", { 300 }, { "unsigned char value", "300", "0", "255" } },
  { "range", "echo_unsigned_char", { -1 }, { "unsigned char value", "-1" } },
  { "range", "echo_char", { 200 }, { "char letter", "200", "-128", "127" } },
  { "type", "echo_char", { "A" }, { "char letter", '"A"' } },
  -- A parameter without a name goes by its position and type.
  { "range", "echo_unsigned_int", { -1 }, { "argument 1", "unsigned int", "-1" } },
  { "range", "echo_unsigned_int", { 1 << 32 }, { "argument 1", "4294967296" } },
  { "range", "echo_long_long", { 2.0 ^ 63 }, { "long long value" } },
  { "type", "echo_unsigned_long_long", { 0.5 }, { "unsigned long long value", "0.5" } },
  -- Floating point: numbers alone.
  { "type", "echo_double", { "1.5" }, { "double value", '"1.5"' } },
  { "type", "echo_double", { false }, { "double value", "false" } },
  { "type", "echo_double", { nil }, { "double value", "nil" } },
  { "range", "echo_float", { 1e300 }, { "float value", "1e300" } },
  -- Truth is not a number, and a number is not truth.
  { "type", "echo_bool", { 1 }, { "value", "1" } },
  { "type", "echo_bool", { 0 }, { "value", "0" } },
  { "type", "echo_bool", { nil }, { "value", "nil" } },
  { "type", "echo_bool", { "true" }, { "value", '"true"' } },
  -- Strings: C would end one at its first zero byte.
  { "type", "string_length", { "ab\0cd" }, { "const char *text", "zero", "3" } },
  { "type", "string_length", { 12 }, { "const char *text", "12" } },
  { "type", "string_length", { true }, { "const char *text", "true" } },
  { "type", "string_length", { a_table }, { "const char *text", "table" } },
  -- A Lua string cannot be written to.
  { "type", "string_fill", { "text", 4 }, { "char *buffer", "buffer", "writable" } },
  -- Numbers are no pointers.
  { "type", "counter_get", { 0 }, { "const struct counter *counter", "0" } },
  { "type", "counter_get", { 4096 }, { "4096" } },
  { "type", "counter_get", { "counter" }, { "const struct counter *counter" } },
  { "type", "counter_get", { io.stdout }, { "const struct counter *counter" } },
}

for _, case in ipairs(cases) do
  local kind, name, arguments, fragments = table.unpack(case)
  local raised = check.raises(kind, { name, table.unpack(fragments) }, calls[name], table.unpack(arguments, 1,
    name == "add" and 2 or name == "string_fill" and 2 or 1))
  check.equal(raised.func, name, "the function of the error")
  check.truthy(raised.library and raised.library:find("calls", 1, true), "the library of the error")
end

check.equal(calls.count_calls_so_far(), calls_before, "nothing was called")
check.equal(calls.add(2, 3), 5, "the next call works")

-- A long value is shown in part.
local long = check.raises("type", { "add", "int a" }, calls.add, string.rep("x", 100000), 1)
check.truthy(#tostring(long) < 1000, "the message stays short")

-- The error is a value with fields, and fields it has not are nil.
check.equal(type(long.message), "string", "message")
check.equal(tostring(long), long.message, "tostring is the message")
check.equal(long.code, nil, "no code")
check.equal(long.address, nil, "no address")
check.equal(long.no_such_field, nil, "no such field")

check.finish()
