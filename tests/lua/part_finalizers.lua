-- Finalizers of a whole and of its parts: a part keeps the whole, and ends nothing but itself.
local check = require "check"
local memory = dll

dll.cdef "struct inner { int x; }; struct outer { struct inner first; struct inner *next; struct inner all[2]; };"

-- The end of a block whose variable is a part, or a pointer made of the whole, leaves the whole alone.
local ended = 0
local whole = memory.gc(memory.new("struct outer"), function() ended = ended + 1 end)
do
  local part <close> = whole.first
  local pointer <close> = memory.cast("struct outer *", whole)
end
check.equal(ended, 0, "the whole is still used")
memory.gc(memory.cast("struct outer *", whole), nil)
do
  local same <close> = whole
end
check.equal(ended, 1, "the whole itself ends, once")

-- A part that `pairs` gave keeps the whole as one that was named does.
ended = 0
local kept
do
  local other = memory.gc(memory.new("struct outer"), function() ended = ended + 1 end)
  for name, value in pairs(other) do
    kept = name == "first" and value or kept
  end
end
collectgarbage()
collectgarbage()
check.equal(ended, 0, "a part is left")
kept.x = 5
check.equal(kept.x, 5, "and its memory")
kept = nil
collectgarbage()
collectgarbage()
check.equal(ended, 1, "nothing is left")

-- A finalizer that raises at the end of a block raises there, and the memory is given back all the same.
local closed
local ok, failure = pcall(function()
  local bad <close> = memory.gc(memory.new("int", 7), function() error("refused", 0) end)
  closed = bad
end)
check.equal(ok, false, "an error")
check.equal(failure, "refused", "as it was raised")
check.raises("stale", "closed", function() return closed[0] end)

-- A pointer to a function of the library is a finalizer, too.
dll.cdef "void *malloc(size_t size); void free(void *memory); typedef void (*release)(void *memory);"
local release = memory.cast("release", memory.C.free)
check.truthy(release == memory.C.free, "the pointer leads to the function")
local block = memory.gc(memory.C.malloc(16), release)
block = nil
collectgarbage()
collectgarbage()

-- A struct that only the library understands has methods all the same.
dll.cdef "typedef struct handle HANDLE_OF_NOTHING;"
memory.metatype("HANDLE_OF_NOTHING", { __index = { address = function(handle) return memory.cast("uintptr_t", handle) end } })
check.equal(memory.cast("HANDLE_OF_NOTHING *", 64):address(), 64, "a method of an opaque struct")

-- A type that was made before its struct was complete knows it afterwards.
dll.cdef "struct later;"
local Later = memory.typeof "struct later"
dll.cdef "struct later { int x; };"
memory.metatype(Later, { __new = function(ctype, x) return memory.new(ctype, { x = x }) end, __index = { seven = 7 } })
check.equal(Later(3).x, 3, "made by its own constructor")
check.equal(Later.seven, 7, "what its metatype has")

-- C data may be made by finalizers that run at the end of the program: those have theirs called, too.
local Last = memory.metatype("struct inner", { __gc = function() check.finish() end })
Keep = memory.gc(memory.new("int"), function() Keep = Last() end)
