-- Metamethods around an object's life and fields: __new, __gc, __close, __index and __newindex as functions and tables.
local check = require "check"
local calls = check.library "calls"
local memory = dll.of(calls)

dll.cdef [[
  struct account { int number; int balance; };
  struct file { int id; };
  struct bag { int count; };
  struct list { int length; int values[?]; };
  union word { unsigned int whole; unsigned char bytes[4]; };
]]

-- __new makes the object when the type is called; dll.new makes it from memory either way.
local next_number = 0
local Account
Account = memory.metatype("struct account", {
  __new = function(ct, balance)
    check.truthy(ct == Account, "the type is its first argument")
    next_number = next_number + 1
    return memory.new(ct, next_number, balance or 100)
  end,
  __index = function(account, name)
    return type(name) == "string" and "no " .. name .. " in " .. account.number or nil
  end,
  __newindex = function(account, name, value)
    account.balance = #name * value
  end,
})
local account = Account(5)
check.equal(account.number, 1, "__new numbered it")
check.equal(account.balance, 5, "its argument")
check.equal(Account().balance, 100, "no argument")
check.equal(memory.new("struct account", 7, 8).number, 7, "dll.new takes the fields")

-- __index and __newindex as functions are asked for what is no field.
check.equal(account.owner, "no owner in 1", "__index")
check.equal(memory.cast("struct account *", account).owner, "no owner in 1", "through a pointer")
account.four = 10
check.equal(account.balance, 40, "__newindex")
memory.cast("struct account *", account).five5 = 10
check.equal(account.balance, 50, "__newindex through a pointer")
account.balance = 3
check.equal(account.balance, 3, "fields are written without it")
check.raises("type", { "struct account", "balance" }, function() account.balance = "x" end)

-- As tables: read from, and written to.
local extra = { known = "value" }
local Bag = memory.metatype("struct bag", { __index = extra, __newindex = extra })
local bag = Bag(3)
check.equal(bag.known, "value", "read from the table")
bag.more = 4
check.equal(extra.more, 4, "written to the table")
check.equal(Bag().more, 4, "which all objects share")
-- The table's own metatable goes on from there.
setmetatable(extra, { __index = function(_, name) return name:upper() end })
check.equal(bag.inherited, "INHERITED", "the table's own __index")

-- __gc is called once for each object that dll.new or the type made, not for parts, pointers and copies.
local collected = {}
local File = memory.metatype("struct file", {
  __gc = function(file) collected[#collected + 1] = file.id end,
})
local function collect()
  collectgarbage()
  collectgarbage()
end
do
  local first, second = File(1), memory.new("struct file", 2)
  local pointer = memory.cast("struct file *", second)
  check.equal(first.id + pointer.id, 3, "while they live")
end
collect()
table.sort(collected)
check.equal(table.concat(collected, " "), "1 2", "collected once each")
collected = {}
local kept = memory.cast("struct file *", File(3))
collect()
check.equal(#collected, 0, "a pointer keeps the object from being collected")
check.equal(kept.id, 3, "and its memory")
kept = nil
collect()
check.equal(table.concat(collected, " "), "3", "until it is gone too")
collected = {}
do
  local _ = memory.new "struct file[2]"
end
collect()
check.equal(#collected, 0, "an array of structs is no struct")

-- The end of a block calls __gc at once, and not again later.
collected = {}
do
  local closed <close> = File(4)
  check.equal(closed.id, 4, "open")
end
check.equal(table.concat(collected, " "), "4", "at the end of the block")
collect()
check.equal(#collected, 1, "not again")

-- dll.gc takes the place of the metatype's __gc.
collected = {}
do
  local _ = memory.gc(File(5), function(file) collected[#collected + 1] = "own " .. file.id end)
  local _ = memory.gc(File(6), nil)
end
collect()
check.equal(table.concat(collected, " "), "own 5", "a finalizer of its own, or none")

-- __close is called at the end of the block, with the error that ended it.
local closings = {}
local Guard = memory.metatype("union word", {
  __close = function(word, problem) closings[#closings + 1] = { word.whole, problem } end,
})
do
  local _ <close> = Guard(7)
end
check.equal(closings[1][1], 7, "__close")
check.equal(closings[1][2], nil, "no error")
local ok, problem = pcall(function()
  local _ <close> = Guard(8)
  error("out", 0)
end)
check.truthy(not ok and problem == "out", "the error goes on")
check.equal(closings[2][1], 8, "__close")
check.equal(closings[2][2], "out", "with the error")
local pointer = memory.cast("union word *", Guard(9))
do
  local _ <close> = pointer
end
check.equal(closings[3][1], 9, "__close through a pointer")

-- A struct with an open length: __new counts.
local List = memory.metatype("struct list", {
  __new = function(ct, ...) return memory.new(ct, select("#", ...), select("#", ...), { ... }) end,
  __len = function(list) return list.length end,
})
local list = List(4, 5, 6)
check.equal(#list, 3, "its length")
check.equal(list.values[2], 6, "its values")

-- Metamethods that yield: a coroutine goes on where it was.
local wrapped = coroutine.wrap(function()
  local sum = 0
  for _, value in ipairs { 1, 2 } do
    sum = sum + coroutine.yield(Account(value).balance)
  end
  return sum
end)
check.equal(wrapped(), 1, "the first")
check.equal(wrapped(10), 2, "the second")
check.equal(wrapped(20), 30, "the end")

-- What __new raises, and what it gives, is the caller's.
local Odd = memory.metatype("struct { int value; }", {
  __new = function(_, what)
    if what == "raise" then
      error("refused", 0)
    end
    return what, "second"
  end,
})
check.equal(select(2, pcall(Odd, "raise")), "refused", "an error")
check.equal((Odd(5)), 5, "any value")

check.finish()
