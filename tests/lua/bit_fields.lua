-- Bit-fields: read and written as numbers in their range, where the compiler of the library has them.
local check = require "check"
local bits = check.library "bit_fields"
local memory = dll.of(bits)

dll.cdef [[
  struct flags { unsigned int a : 3; int b : 5; unsigned int c : 10; unsigned int d : 14; };
  struct mixed_flags {
    unsigned char a : 3; unsigned int b : 7; short c : 9; _Bool e : 1; long long d : 40; unsigned int whole : 32;
  };
  struct split_flags {
    unsigned int a : 4; unsigned int : 0; unsigned int b : 4; unsigned int : 6; int c : 2; char after;
  };
  int flags_size(const char *type);
  void flags_fill(struct flags *f);
  int flags_check(const struct flags *f);
  void mixed_flags_fill(struct mixed_flags *f);
  int mixed_flags_check(const struct mixed_flags *f);
  void split_flags_fill(struct split_flags *f);
  int split_flags_check(const struct split_flags *f);
  struct flags *static_flags(void);
]]

-- { struct, what the library fills it with }
local structs = {
  { "flags", { a = 5, b = -11, c = 777, d = 12345 } },
  { "mixed_flags", { a = 6, b = 99, c = -200, e = true, d = -400000000000, whole = 4000000000 } },
  { "split_flags", { a = 9, b = 10, c = -2, after = 122 } },
}
for _, row in ipairs(structs) do
  local name, values = table.unpack(row)
  local type = "struct " .. name
  check.equal(memory.sizeof(type), bits.flags_size(type), "the size of " .. name)

  -- What the library writes is read.
  local filled = memory.new(type)
  bits[name .. "_fill"](filled)
  for field, value in pairs(values) do
    check.equal(filled[field], value, name .. "." .. field)
  end
  check.equal(bits[name .. "_check"](filled), 1, "the library checks what it wrote")

  -- What the script writes, the library finds: from a table, and field by field over memory full of ones.
  check.equal(bits[name .. "_check"](memory.new(type, values)), 1, name .. " from a table")
  local written = memory.new(type)
  memory.fill(written, memory.sizeof(written), 0xFF)
  for field, value in pairs(values) do
    written[field] = value
  end
  check.equal(bits[name .. "_check"](written), 1, name .. " over ones")
  -- Writing a field leaves its neighbours as they are.
  for field, value in pairs(values) do
    written[field] = field ~= "e" and 0
    for other, kept in pairs(values) do
      if other ~= field then
        check.equal(written[other], kept, name .. "." .. other .. " beside " .. field)
      end
    end
    written[field] = value
  end
end

-- The ends of the ranges. A signed bit-field keeps its sign.
local flags = memory.new("struct flags", 7, -16, 1023, 16383)
check.equal(flags.a, 7, "unsigned, all ones")
check.equal(flags.b, -16, "the lowest of 5 bits")
flags.b = 15
check.equal(flags.b, 15, "the highest of 5 bits")
check.equal(memory.read(flags), string.pack("<I4", 7 | 15 << 3 | 1023 << 8 | 16383 << 18), "the bits")
check.raises("range", { "struct flags", "a", "8", "7" }, function() flags.a = 8 end)
check.raises("range", { "struct flags", "a", "-1" }, function() flags.a = -1 end)
check.raises("range", { "struct flags", "b", "16", "15" }, function() flags.b = 16 end)
check.raises("range", { "struct flags", "b", "-17", "-16" }, function() flags.b = -17 end)
check.raises("type", { "struct flags", "c", "0.5" }, function() flags.c = 0.5 end)
check.raises("range", { "a", "8" }, memory.new, "struct flags", 8)
check.equal(flags.a, 7, "a value that does not fit changes nothing")
check.equal(flags.b, 15, "a value that does not fit changes nothing")
local mixed = memory.new("struct mixed_flags")
mixed.d = -(1 << 39)
check.equal(mixed.d, -(1 << 39), "the lowest of 40 bits")
check.raises("range", { "d", tostring(1 << 39) }, function() mixed.d = 1 << 39 end)
mixed.whole = 4294967295
check.equal(mixed.whole, 4294967295, "as wide as its type")
check.raises("range", { "whole", "4294967296" }, function() mixed.whole = 1 << 32 end)
check.raises("type", { "e", "a boolean" }, function() mixed.e = 1 end)

-- The widest ones.
local widest = memory.new "struct { long long a : 64; unsigned long long b : 64, c : 63; long long d : 63; }"
for _, value in ipairs { 0, 1, -1, math.maxinteger, math.mininteger } do
  widest.a, widest.b = value, value
  check.equal(widest.a, value, "64 bits")
  check.equal(widest.b, value, "64 bits without a sign: the integer with the same bits")
end
widest.c = math.maxinteger
check.equal(widest.c, math.maxinteger, "63 bits without a sign")
check.raises("range", { "c", "-1" }, function() widest.c = -1 end)
widest.d = -(1 << 62)
check.equal(widest.d, -(1 << 62), "the lowest of 63 bits")
check.raises("range", { "d", tostring(1 << 62) }, function() widest.d = 1 << 62 end)

-- dll.offsetof tells the byte of the storage, the first bit in it and the width.
local offset, first, width = memory.offsetof("struct flags", "c")
check.equal(offset * 8 + first, 8, "the bits before it")
check.equal(width, 10, "its width")
offset, first, width = memory.offsetof("struct split_flags", "b")
check.equal(offset * 8 + first, 32, "`: 0` begins anew")
check.equal(width, 4, "its width")
check.equal(memory.offsetof("struct split_flags", "after"), bits.flags_size "split_flags.after", "what follows")
check.equal(select("#", memory.offsetof("struct split_flags", "after")), 1, "what is no bit-field has no bits")

-- Through a pointer into the library's memory.
local static = bits.static_flags()
static.a, static.b, static.c, static.d = 5, -11, 777, 12345
check.equal(bits.flags_check(static), 1, "written there")
bits.flags_fill(flags)
static.c = 0
check.equal(static.d, 12345, "the neighbour there")
check.raises("range", { "c", "1024" }, function() static.c = 1024 end)

-- An enumeration as a bit-field takes its enumerators; single bits.
dll.cdef "enum mode { OFF, SLOW, FAST }; struct control { enum mode mode : 3; unsigned int on : 1; signed int sign : 1; };"
local control = memory.new("struct control", { mode = "FAST", on = 1 })
check.equal(control.mode, 2, "an enumerator by its name")
check.equal(control.on, 1, "one bit")
control.sign = -1
check.equal(control.sign, -1, "one signed bit is 0 or -1")
check.raises("range", { "sign", "1" }, function() control.sign = 1 end)

-- What no bit-field can be.
check.raises("declaration", "33", dll.cdef, "struct wide { unsigned int a : 33; };")
check.raises("declaration", "-1", dll.cdef, "struct negative { int a : -1; };")
check.raises("declaration", "float", dll.cdef, "struct floating { float a : 3; };")
check.raises("declaration", "a", dll.cdef, "struct empty { int a : 0; };")

check.finish()
