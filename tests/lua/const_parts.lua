-- What is const in part: the rest can be set, the whole cannot. And what a copy must not lose.
local check = require "check"
local memory = dll

dll.cdef [[
  struct anonymous { const struct { int x; }; int y; };
  struct some { const int x; int y; };
  struct choice { int kind; union { int a; float b; struct { short c, d; }; }; };
  struct list { int count; int values[?]; };
  struct trailing { int count; char text[1]; };
]]

local anonymous = memory.new("struct anonymous", { 1, 2 })
anonymous.y = 3
check.raises("type", { "'x'", "const" }, function() anonymous.x = 4 end)
local some = memory.new("struct some[1]", { { 1, 2 } })
some[0].y = 5
check.raises("type", "const", function() some[0] = { 3, 4 } end)
check.equal(some[0].x, 1, "unchanged")

-- A table sets one member of a union, wherever the union is; the members of one alternative go together.
check.raises("type", "union", memory.new, "struct choice", { a = 1, b = 2.5 })
local choice = memory.new("struct choice", { kind = 1, c = 2, d = 3 })
check.equal(choice.a, 3 << 16 | 2, "two members of one alternative")

-- A longer object does not fit into a shorter one.
local long = memory.new("struct list", 5, { 5, { 1, 2, 3, 4, 5 } })
check.raises("range", "does not fit", memory.new, "struct list", 3, long)
check.equal(memory.new("struct list", 5, long).values[4], 5, "one as long does")

-- An array of one that ends a struct has the bounds of its memory, also for what takes bytes.
local room = memory.new("char[64]")
local header = memory.cast("struct trailing *", room)
memory.copy(header.text, "a long text")
check.equal(memory.string(header.text), "a long text", "more than one byte")
check.equal(header.text[7], ("text"):byte(), "as elements")

-- Bounds of bit-fields are those of their bits.
dll.cdef "struct narrow { unsigned bits : 5; };"
local narrow = memory.new("struct narrow")
check.raises("range", "0 to 31", function() narrow.bits = -1 end)

check.finish()
