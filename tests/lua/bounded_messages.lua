-- A message is never longer than a screen, however long what it quotes is: 20 lines of 200 characters, or fewer longer ones.
local check = require "check"

dll.cdef "int add(int a, int b);"
local calls = dll.load(check.path "calls")

local LONG = 100000
local name = ("n"):rep(LONG)
local lines = ("int\n"):rep(LONG)
local deep = ("("):rep(LONG)
dll.cdef("struct " .. name .. " { int member; };")
dll.cdef("int redeclared(struct " .. name .. " *p);")
local named = dll.typeof("struct " .. name)
local many = {}
for index = 1, 1000 do many[index] = "int a" .. index .. (" "):rep(200) end
local parameters = table.concat(many, ", ")

-- What is done, the kind of its error, and what its message must still say.
local cases = {
    { "an unknown type with a long name", "declaration", "unknown type name 'nn", dll.cdef, name .. "x value;" },
    { "an unknown type in a long line", "declaration", "unknown type name 'itn'", dll.cdef, parameters:gsub(", ", "; ") .. "; itn x;" },
    { "an unknown type after many lines", "declaration", "line " .. LONG + 1, dll.cdef, ("//\n"):rep(LONG) .. "itn x;" },
    { "a declaration of many lines", "declaration", "line ", dll.cdef, lines },
    { "a long name that is redeclared", "declaration", "before:", dll.cdef, "int redeclared(struct " .. name .. " *p, int more);" },
    { "many parameters that are redeclared", "declaration", "before:", dll.cdef, "int add(" .. parameters .. ");" },
    { "a constant with a long name", "declaration", "unknown constant 'nn", dll.cdef, "int x[" .. name .. "];" },
    { "deep nesting", "declaration", "levels deep", dll.cdef, "int x[" .. deep .. "1" .. deep:gsub("%(", ")") .. "];" },
    { "a deep declarator", "declaration", "levels deep", dll.cdef, "int " .. deep .. "x" .. deep:gsub("%(", ")") .. ";" },
    { "a string that is not closed", "declaration", "not closed", dll.cdef, '"' .. name },
    { "a line marker with a long file", "declaration", "unknown type name 'itn'", dll.cdef, '# 1 "' .. name .. '"\nitn x;' },
    { "a type's long name", "declaration", "unknown type name", dll.typeof, name },
    { "a long name of a library", "load", "", dll.load, name },
    { "a long path of a library", "load", "", dll.load, "/" .. ("d/"):rep(LONG) .. "library" },
    { "a symbol's long name", "range", "exceeds the limit", dll.symbol, calls, name, "int" },
    { "a function with a long name", "declaration", "is neither declared nor exported", function() return calls[name] end },
    { "an object of a type with a long name", "type", ", got ", function() calls.add(named(), 1) end },
    { "a long string for a number", "type", ", got ", function() calls.add(name, 1) end },
    { "a field with a long name", "type", "", function() return named()[name] end },
    { "an initialiser with a long name", "type", "", function() return named { [name] = 1 } end },
    { "a cast of a long string", "type", "", function() return dll.cast(named, name) end },
    { "a call of a batch", "type", ", got ", function() dll.batch(function(call) call(calls.add, named(), 1) end) end },
}
for _, case in ipairs(cases) do
    local what, kind, words = table.unpack(case, 1, 3)
    local ok, e = pcall(table.unpack(case, 4))
    check.truthy(not ok, what .. " is an error")
    check.equal(e.kind, kind, what .. ": kind")
    local message = tostring(e)
    local _, breaks = message:gsub("\n", "\n")
    check.truthy(breaks < 20, what .. ": " .. breaks .. " line breaks")
    check.truthy(utf8.len(message) <= 20 * 200 + 200, what .. ": " .. #message .. " bytes")
    check.truthy(message:find(words, 1, true), what .. ": it still says '" .. words .. "': " .. message)
end

check.finish()
