-- Objects that were closed, and those whose worker has died: each use is an error of kind `stale`, none reaches memory.
local check = require "check"
local bad, globals, calls = check.library "misbehaviour", check.library "globals", check.library "calls"
local memory = dll.of(globals)

dll.cdef [[
  struct point { int x, y; };
  struct segment { struct point from, to; char name[8]; };
  struct node { int value; struct node *next; };
  int sum_ints(const int *values, int count);
  int sum_of_ints(int count, ...);
  int add(int a, int b);
  int string_length(const char *text);
  void write_null(void);
  extern int global_count;
  extern int global_table[4];
  extern struct point global_origin;
  int operation_add(int a, int b);
  int (*choose_operation(const char *name))(int a, int b);
]]

local function make()
  return {
    array = memory.new("int[4]", { 1, 2, 3, 4 }),
    number = memory.new("int", 5),
    struct = memory.new("struct segment", { { 1, 2 }, { 3, 4 }, "name" }),
    pointer = memory.new("int *", memory.new "int"),
    text = memory.new("char[8]", "text"),
    node = memory.new "struct node",
  }
end

-- Each use of such an object, with what the error names.
local function refuse(lost, why)
  local target = memory.new "struct node"
  local uses = {
    { "int [4]", function() return lost.array[0] end },
    { "int [4]", function() lost.array[0] = 1 end },
    { "int", function() return lost.number[0] end },
    { "int", function() return lost.number + 1 end },
    { "int", function() return lost.number < 3 end },
    { "int", function() return -lost.number end },
    { "struct segment", function() lost.struct.from = { 1, 2 } end },
    { "struct segment", function() lost.struct.name = "x" end },
    { "int *", function() return lost.pointer[0] end },
    { "sum_ints", function() return calls.sum_ints(lost.array, 4) end },
    { "sum_of_ints", function() return globals.sum_of_ints(1, lost.array) end },
    { "sum_of_ints", function() return globals.sum_of_ints(1, lost.number) end },
    { "add", function() return calls.add(lost.number, 1) end },
    { "string_length", function() return calls.string_length(lost.text) end },
    { "dll.read", function() return memory.read(lost.array) end },
    { "dll.read", function() return memory.read(lost.array, 4) end },
    { "dll.write", function() memory.write(lost.text, "x") end },
    { "dll.string", function() return memory.string(lost.text) end },
    { "dll.string", function() return memory.string(lost.text, 2) end },
    { "dll.fill", function() memory.fill(lost.text, 2) end },
    { "dll.copy", function() memory.copy(lost.text, "x") end },
    { "dll.copy", function() memory.copy(memory.new "char[8]", lost.text, 8) end },
    { "dll.hexdump", function() return memory.hexdump(lost.text) end },
    { "dll.new", function() return memory.new("int", lost.number) end },
    { "dll.new", function() return memory.new("int[4]", lost.array) end },
    { "dll.new", function() return memory.new("struct segment", lost.struct) end },
    { "dll.new", function() return memory.new("int *", lost.array) end },
    { "dll.cast", function() return memory.cast("double", lost.number) end },
    { {}, function() return memory.cast("struct node *", lost.array)[0].value end },
    { "next", function() target.next = lost.node end },
  }
  for _, use in ipairs(uses) do
    check.raises("stale", use[1], use[2])
  end
  -- What needs no memory still works.
  check.contains(tostring(lost.array), { "int [4]", why }, "shown")
  check.contains(tostring(lost.struct), { "struct segment", why }, "shown")
  check.equal(memory.sizeof(lost.array), 16, "its size")
  check.equal(#lost.array, 4, "its length")
  check.equal(memory.istype("int[4]", lost.array), true, "its type")
  check.truthy(lost.array == lost.array, "it is itself")
  check.truthy(lost.array ~= memory.new "int[4]", "and no other")
  check.equal(target.next, nil, "nothing was stored")
end

-- Closed, at the end of a block.
local closed = make()
for _, object in pairs(closed) do
  local _ <close> = object
end
refuse(closed, "closed")
-- Once is enough, twice does no harm.
do
  local _ <close> = closed.array
end
check.raises("stale", "closed", function() return closed.array[0] end)

-- What was made of an object before lives on; what leads to it is not closed with it.
local whole = make().struct
local part = whole.to
do
  local _ <close> = whole
end
check.raises("stale", "closed", function() return whole.to.x end)
check.equal(part.x, 3, "a part keeps the memory")
do
  local _ <close> = part
end
check.raises("stale", "closed", function() return part.x end)

-- Of a worker that has died: objects, parts, pointers into them, variables, functions.
local lost = make()
local view, inside = lost.struct.to, lost.array + 1
local table_of_library, origin = globals.global_table, globals.global_origin
local function_pointer = globals.choose_operation "add"
local in_memory = memory.new("int (*)(int, int)", globals.operation_add)
globals.global_count = 1000
check.raises("crash", "write_null", bad.write_null)
refuse(lost, "exited")
check.raises("stale", "struct point", function() return view.x end)
check.raises("stale", "int *", function() return inside[0] end)
check.raises("stale", "int [4]", function() return table_of_library[0] end)
check.raises("stale", "struct point", function() origin.x = 1 end)
check.raises("stale", {}, function() return function_pointer(1, 2) end)
check.raises("stale", {}, function() return in_memory(1, 2) end)
check.raises("stale", "int *", function() return (inside + 1)[0] end)

-- The variables of the library itself begin anew with the next worker.
check.equal(globals.global_count, 7, "as the library initialises it")
check.equal(globals.global_table[1], 2, "an array")
check.equal(globals.choose_operation "add"(1, 2), 3, "a function")
check.raises("stale", "int [4]", function() return lost.array[0] end)
check.raises("stale", "next", function() memory.new("struct node").next = lost.node end)
check.equal(calls.sum_ints(make().array, 4), 10, "new objects")

check.finish()
