-- Metatypes: each metamethod of Lua, for objects of a struct and through pointers to it.
local check = require "check"
local records = check.library "records"
local memory = dll.of(records)

dll.cdef [[
  struct point { int x, y; };
  struct segment { struct point from, to; char name[8]; };
  struct point *static_points(int *count);
  struct plain { int value; };
]]

-- What operators were asked, with their operands as they came.
local asked = {}
local function record(name, result)
  return function(...)
    asked = { name = name, n = select("#", ...), ... }
    return result
  end
end

local Point
local methods = {
  length = function(p) return math.abs(p.x) + math.abs(p.y) end,
  move = function(p, dx, dy)
    p.x, p.y = p.x + dx, p.y + dy
    return p
  end,
  dimension = 2,
}
Point = memory.metatype("struct point", {
  __add = function(a, b) return Point(a.x + b.x, a.y + b.y) end,
  __sub = function(a, b) return Point(a.x - b.x, a.y - b.y) end,
  __mul = function(a, b)
    if type(a) == "number" then
      a, b = b, a
    end
    return Point(a.x * b, a.y * b)
  end,
  __div = record("/", "divided"),
  __mod = record("%", "modulo"),
  __pow = record("^", "power"),
  __unm = function(a) return Point(-a.x, -a.y) end,
  __idiv = function(a, b) return Point(a.x // b, a.y // b) end,
  __band = record("&", "and"),
  __bor = record("|", "or"),
  __bxor = record("~", "exclusive or"),
  __bnot = record("not", "inverted"),
  __shl = record("<<", "left"),
  __shr = record(">>", "right"),
  __concat = function(a, b)
    local function text(v) return type(v) == "string" and v or v.x .. "," .. v.y end
    return text(a) .. ";" .. text(b)
  end,
  __len = function(p) return p:length() end,
  __eq = function(a, b) return a.x == b.x and a.y == b.y end,
  __lt = function(a, b) return a.x < b.x end,
  __le = function(a, b) return a.x <= b.x end,
  __index = methods,
  __call = function(p, ...) return p.x, select("#", ...), ... end,
  __tostring = function(p) return "(" .. p.x .. "|" .. p.y .. ")" end,
  __pairs = function(p)
    local done = false
    return function()
      if not done then
        done = true
        return "sum", p.x + p.y
      end
    end, p, nil
  end,
})
check.truthy(Point == memory.typeof "struct point", "dll.metatype gives the type")

-- Arithmetic.
local a, b = Point(7, -4), Point(1, 2)
check.equal((a + b).x, 8, "+")
check.equal((a - b).y, -6, "-")
check.equal((a * 3).y, -12, "* a number")
check.equal((3 * a).x, 21, "a number *")
check.equal((a // 2).x, 3, "//")
check.equal((-a).y, 4, "unary -")
check.equal((a + b * 2 - -a).x, 16, "together")

-- Those that give something else, and what they are given.
local operators = {
  { "/", function(l, r) return l / r end, "divided" },
  { "%", function(l, r) return l % r end, "modulo" },
  { "^", function(l, r) return l ^ r end, "power" },
  { "&", function(l, r) return l & r end, "and" },
  { "|", function(l, r) return l | r end, "or" },
  { "~", function(l, r) return l ~ r end, "exclusive or" },
  { "<<", function(l, r) return l << r end, "left" },
  { ">>", function(l, r) return l >> r end, "right" },
}
for _, row in ipairs(operators) do
  local name, apply, result = table.unpack(row)
  check.equal(apply(a, b), result, name)
  check.equal(asked.name, name, name .. " was asked")
  check.truthy(rawequal(asked[1], a) and rawequal(asked[2], b), name .. ": the operands")
  check.equal(apply(a, 5), result, name .. " with a number")
  check.equal(asked[2], 5, name .. ": the number")
  check.equal(apply(6, a), result, name .. " with a number before")
  check.equal(asked[1], 6, name .. ": the number before")
  check.equal(apply("text", a), result, name .. " with a string")
end
check.equal(~a, "inverted", "unary ~")

-- Text, length, order, calls, loops.
check.equal(a .. b, "7,-4;1,2", "..")
check.equal("at " .. b, "at ;1,2", "a string ..")
check.equal(b .. "!", "1,2;!", ".. a string")
check.equal(#a, 11, "#")
check.truthy(a == Point(7, -4), "==")
check.truthy(a ~= b, "~=")
check.truthy(b < a and a > b, "<")
check.truthy(b <= a and a >= a, "<=")
check.truthy(not (a < b), "not <")
check.equal(tostring(a), "(7|-4)", "tostring")
check.equal(select(2, a("x", nil)), 2, "called with arguments")
check.equal((a()), 7, "called without")
local seen = {}
for key, value in pairs(a) do
  seen[#seen + 1] = key .. "=" .. value
end
check.equal(table.concat(seen, " "), "sum=3", "pairs")

-- __index as a table: methods, constants, never in the place of a field.
check.equal(a:length(), 11, "a method")
check.equal(a.dimension, 2, "a constant")
check.equal(a:move(1, 1).x, 8, "a method that changes the struct")
check.raises("type", { "struct point", "'nothing'" }, function() return a.nothing end)
methods.x = "never asked"
check.equal(a.x, 8, "fields come first")
methods.late = function() return "added later" end
check.equal(a:late(), "added later", "the table goes on living")
check.raises("type", { "struct point", "'z'" }, function() a.z = 1 end)

-- Through pointers, views, elements; after what C defines for pointers.
local pointer = memory.cast("struct point *", b)
check.equal(pointer:length(), 3, "a method through a pointer")
check.equal(#pointer, 3, "# through a pointer")
check.equal((pointer * 2).y, 4, "an operator that pointers do not have")
check.equal(tostring(pointer), "(1|2)", "tostring through a pointer")
check.equal((pointer()), 1, "called through a pointer")
check.equal((pointer + 1) - pointer, 1, "pointer arithmetic is C's")
check.truthy(pointer == memory.cast("struct point *", b), "pointers are equal by their place")
check.truthy(memory.cast("struct point *", Point(1, 2)) ~= pointer, "not by what they lead to")
check.truthy(pointer[0] == Point(1, 2), "what they lead to is compared by the type")
local segment = memory.new("struct segment", { { 1, 2 }, { 3, 4 } })
check.equal((segment.from + segment.to).y, 6, "views")
segment.from:move(10, 10)
check.equal(segment.from.x, 11, "a method of a view changes the whole")
local points = memory.new("struct point[2]", { { 1, 1 }, { 2, 2 } })
check.equal((points[0] + points[1]).x, 3, "elements")
local count = memory.new "int[1]"
local static = records.static_points(count)
check.equal(static:length(), 11, "the library's memory")
check.equal((static[1] + static[2]).y, 50, "its elements")
check.equal((memory.cast("const struct point *", b)):length(), 3, "const or not")

-- A metatype is given once, to a struct or union, and stays as it was given.
check.raises("type", { "struct point" }, memory.metatype, "struct point", {})
check.raises("type", { "int" }, memory.metatype, "int", {})
check.raises("type", { "int [2]" }, memory.metatype, "int[2]", {})
check.raises("type", { "struct plain *" }, memory.metatype, "struct plain *", {})
check.raises("type", { "__add", "5" }, memory.metatype, "struct plain", { __add = 5 })
check.raises("type", { "table" }, memory.metatype, "struct plain", 5)
local table_of_methods = { __len = function() return 1 end }
local Plain = memory.metatype("struct plain", table_of_methods)
table_of_methods.__len = function() return 2 end
check.equal(#Plain(), 1, "the table may change, the metatype does not")

-- Operators that a metatype does not have are errors that name the operands.
check.raises("type", { "+", "struct plain" }, function() return Plain(1) + 1 end)
check.raises("type", { "..", "struct plain" }, function() return "x" .. Plain(1) end)
check.raises("type", { "<", "struct plain" }, function() return Plain(1) < Plain(2) end)
check.raises("type", { "-", "struct plain" }, function() return -Plain(1) end)
check.raises("type", { "struct plain" }, function() return Plain(1)() end)
check.truthy(Plain(1) ~= Plain(1), "without __eq two objects are two")

-- What a metamethod raises comes through whole.
local Raising = memory.metatype("struct { int value; }", {
  __add = function() error({ reason = "mine" }) end,
  __index = function(_, name) error("no " .. name, 0) end,
})
local ok, raised = pcall(function() return Raising(1) + 1 end)
check.truthy(not ok and raised.reason == "mine", "a table raised")
ok, raised = pcall(function() return Raising(1).missing end)
check.truthy(not ok and raised == "no missing", "a string raised")

check.finish()
