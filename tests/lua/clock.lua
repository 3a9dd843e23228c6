-- dll.clock: how long things take.
local check = require "check"

local last = dll.clock()
check.equal(math.type(last), "float", "its type")
for _ = 1, 10000 do
  local now = dll.clock()
  check.truthy(now >= last, "it never goes back")
  last = now
end

-- A worker that rests takes no processor time, which is what os.clock counts on Linux.
dll.cdef "int rest(int milliseconds);"
local scope <close> = dll.worker()
local library = scope.load(check.path "conditions")
library.rest(0)
local begun = dll.clock()
library.rest(50)
local rested = dll.clock() - begun
check.truthy(rested >= 0.045, "as long as the rest: " .. rested)
check.truthy(rested < 30, "in seconds: " .. rested)

-- Workers of their own have no clock of their own.
local apart = scope.clock() - dll.clock()
check.truthy(math.abs(apart) < 30, "one clock: " .. apart)
check.finish()
