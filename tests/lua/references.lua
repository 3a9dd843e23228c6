-- References: what is a part of something, or leads to it, keeps it alive, however often Lua collects.
local check = require "check"
local calls = check.library "calls"
local memory = dll.of(calls)

dll.cdef [[
  struct point { int x, y; };
  struct segment { struct point from, to; char name[8]; };
  struct deep { struct segment segments[4]; double grid[3][3]; };
  struct node { int value; struct node *next; };
  int sum_ints(const int *values, int count);
]]

-- Collects, and then lets other objects take whatever memory came free.
local function stress()
  collectgarbage()
  collectgarbage()
  for _ = 1, 50 do
    memory.new("char[64]", ("\xAA"):rep(64))
    memory.new("struct deep")
  end
end

-- Each way to hold a part of an object that nothing else holds.
local function deep()
  local object = memory.new "struct deep"
  object.segments[2].to.y = 42
  object.segments[2].name = "held"
  object.grid[1][2] = 0.5
  return object
end
local held = {
  view = deep().segments[2].to,
  array = deep().segments,
  text = deep().segments[2].name,
  row = deep().grid[1],
  pointer = memory.cast("struct deep *", deep()),
  further = deep().segments + 2,
  bytes = memory.cast("char *", deep().segments[2].name),
  field = memory.cast("struct deep *", deep()).segments[2],
}
for _ = 1, 5 do
  stress()
end
check.equal(held.view.y, 42, "a struct in a struct")
check.equal(held.array[2].to.y, 42, "an array")
check.equal(memory.string(held.text), "held", "text")
check.equal(held.row[2], 0.5, "a row")
check.equal(held.pointer.segments[2].to.y, 42, "a pointer by dll.cast")
check.equal(held.further.to.y, 42, "a pointer by arithmetic")
check.equal(memory.string(held.bytes), "held", "a pointer to bytes")
check.equal(held.field.to.y, 42, "a part through a pointer")

-- Written through one, read through another.
local whole = deep()
local part, pointer = whole.segments[2].to, memory.cast("struct point *", whole.segments[2].to)
whole = nil
stress()
part.y = 43
check.equal(pointer.y, 43, "they lead to the same place")
part = nil
stress()
check.equal(pointer.y, 43, "the last one keeps it")

-- A list whose nodes lie in memory: pointers there keep nothing, so the script keeps the nodes.
local nodes = {}
for value = 1, 100 do
  nodes[value] = memory.new("struct node", value, nodes[value - 1])
end
stress()
local sum, node = 0, nodes[100]
while node do
  sum = sum + node.value
  node = node.next
end
check.equal(sum, 5050, "all of them")

-- Arguments live as long as the call.
for _ = 1, 200 do
  if calls.sum_ints(memory.new("int[100]", 3), 100) ~= 300 then
    error "an argument was collected"
  end
end
check.equal(calls.sum_ints(memory.new("int[2][2]", { { 1, 2 }, { 3, 4 } })[1], 2), 7, "a part that only the call has")

-- While Lua collects all the time.
collectgarbage("generational")
local alive = {}
for round = 1, 2000 do
  local object = memory.new("struct segment", { { round, 1 }, { 2, round } })
  alive[round % 64] = { object.to, round }
end
collectgarbage("incremental", 100, 1000, 1)
for round = 2001, 4000 do
  local object = memory.new("struct segment", { { round, 1 }, { 2, round } })
  alive[round % 64] = { memory.cast("struct segment *", object).to, round }
end
local wrong = 0
for _, entry in pairs(alive) do
  wrong = wrong + (entry[1].y == entry[2] and 0 or 1)
end
check.equal(wrong, 0, "views that were made while Lua collected")
collectgarbage("incremental", 200, 100, 13)

-- Memory comes back when the last reference is gone, which can be seen where it is shared.
local function used()
  collectgarbage()
  collectgarbage()
  return dll.stats().workers[1].arena.used
end
alive, nodes, held, pointer, node = nil, nil, nil, nil, nil
if dll.stats().workers[1].link == "shared memory" then
  local before = used()
  local large = memory.new("char[?]", 1 << 20)
  local inside = large + 100
  large = nil
  check.truthy(used() >= before + (1 << 20), "a pointer keeps a megabyte")
  inside = nil
  check.truthy(used() < before + (1 << 20), "which then is free again")
end

check.finish()
