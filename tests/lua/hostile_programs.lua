-- Programs that ask for too much, or do the wrong thing at the wrong time: each gets an error, and the host goes on.
local check = require "check"
local records = check.library "records"
local memory = dll.of(records)

-- A table whose length is a lie costs no memory.
local crafted = { [5] = 1 }
for power = 0, 40 do
  crafted[1 << power] = 1
end
crafted[9] = 1
check.raises("range", "int [1]", memory.new, "int[1]", crafted)

-- Counts are held against the bounds before memory is taken for them.
local one = memory.new("int[1]")
for _, name in ipairs { "fill", "string", "read", "hexdump" } do
  check.raises("range", { "dll." .. name, "4" }, memory[name], one, 1 << 40)
end
check.raises("range", { "dll.copy", "4" }, memory.copy, one, one, 1 << 40)
check.raises("memory", "dll.string", memory.string, memory.cast("char *", 64), 1 << 40)

-- Types that are made of types grow without end; what is said of them does not.
local chain, tree = memory.typeof "int", memory.typeof "int"
for _ = 1, 2000 do
  chain = memory.typeof("struct { $ *a; }", chain)
end
for _ = 1, 40 do
  tree = memory.typeof("struct { $ *a; $ *b; }", tree, tree)
end
check.contains(tostring(chain), "...", "a chain is cut")
check.contains(tostring(tree), "...", "a tree is cut")
check.raises("type", "'zz'", function() return memory.new(tree).zz end)

-- The loop function of `pairs` may be called with any key.
local next_element, array = pairs(memory.new("int[3]"))
check.equal((next_element(array, math.maxinteger)), nil, "after the last number")
check.equal((next_element(array, "name")), 0, "a key that is none")

-- More arguments than any call may have.
dll.cdef "int snprintf(char *buffer, size_t size, const char *format, ...); int _snprintf(char *, size_t, const char *, ...);"
local print_to = check.is_pe and memory.C._snprintf or memory.C.snprintf
local buffer = memory.new("char[64]")
check.raises("range", "arguments", print_to, buffer, 64, "", table.unpack({}, 1, 300))
-- A number that is wider than Lua's goes as what it is.
if not check.is_pe then
  check.equal(print_to(buffer, 64, "%Lg", memory.new("long double", 2.5)), 3, "a long double")
  check.equal(memory.string(buffer), "2.5", "a long double as text")
end

-- A metamethod may do what it likes with the object that is being read.
dll.cdef "struct watched { int value; };"
local seen
local Watched = memory.metatype("struct watched", {
  __index = setmetatable({}, {
    __index = function(_, name)
      if name == "close" then
        error { told = true }
      end
      memory.gc(seen, function() end)
      return name
    end,
  }),
})
seen = Watched(1)
check.equal(seen.other, "other", "a finalizer is set while a field is looked for")
local ok, failure = pcall(function() return seen.close end)
check.truthy(not ok and failure.told, "a table that was raised comes through")
local thread = coroutine.wrap(function() return seen.value end)
check.equal(thread(), 1, "in a coroutine")

-- Texts that define structs are not kept for ever.
collectgarbage()
local before = collectgarbage "count"
for _ = 1, 2000 do
  memory.sizeof "struct { int x; }"
end
collectgarbage()
check.truthy(collectgarbage "count" - before < 1000, "types that nothing leads to")

check.finish()
