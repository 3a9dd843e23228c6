-- Libraries that need one that is not there: it is named, with the chain that leads to it.
local check = require "check"

dll.cdef "int dependent_answer(void); int outer_answer(void); int add(int a, int b);"

local direct = check.raises("missing_dependency", { "absent", "dependent" }, check.library, "missing-dependency/dependent")
check.truthy(direct.library, "the library of the error")

local chain = tostring(check.raises("missing_dependency", "absent", check.library, "missing-dependency/outer"))
local outer, dependent, absent = chain:find("outer", 1, true), chain:find("dependent[%w.]* → "), chain:find "→ [%w]*absent"
check.truthy(outer and dependent and absent, "the chain from outer over dependent to absent in: " .. chain)

-- With the folder named in which it is, the whole chain loads.
local separator = check.fixtures:find("\\", 1, true) and "\\" or "/"
local complete = check.library("missing-dependency/outer", { search = check.fixtures .. separator .. "linked-only" })
check.equal(complete.outer_answer(), 42, "the chain, complete")

local calls = check.library "calls"
check.equal(calls.add(2, 3), 5, "another library loads afterwards")

check.finish()
