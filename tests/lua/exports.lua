-- dll.exports: what a library offers, as rows.
local check = require "check"
local calls = check.library "calls"

local all = dll.exports(calls)
check.truthy(#all > 50, "rows")
local by_name = {}
for _, row in ipairs(all) do
  by_name[row.name] = row
end

for _, name in ipairs { "add", "echo_int", "stdcall_add", "fastcall_weigh", "counter_create" } do
  check.truthy(by_name[name], name)
  check.equal(by_name[name].kind, "function", "kind of " .. name)
end
check.equal(by_name.add.decorated, "add", "cdecl names are not decorated")
check.equal(by_name.add.forwarder, nil, "no forwarder")
check.equal(by_name.add.demangled, nil, "not C++")
check.equal(by_name.global_number.kind, "data", "a variable")
check.equal(by_name.announce, nil, "static functions are not exported")
check.equal(math.type(by_name.add.ordinal), check.is_pe and "integer" or nil, "ordinals are a thing of PE")
check.equal(by_name.stdcall_add.convention, check.decorates and "stdcall" or nil, "convention")
check.equal(by_name.stdcall_add.argument_bytes, check.decorates and 8 or nil, "argument bytes")

-- A Lua pattern chooses.
local chosen = dll.exports(calls, "^counter_")
check.equal(#chosen, 5, "the counter functions")
for _, row in ipairs(chosen) do
  check.truthy(row.name:find "^counter_", row.name)
end
check.equal(#dll.exports(calls, "no_such_name"), 0, "nothing matches")

check.raises("type", "dll.load", dll.exports, {})
check.raises("type", "dll.load", dll.exports, "calls")

check.finish()
