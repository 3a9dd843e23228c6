-- Libraries that end the process while they are loaded, and one that refuses to be loaded.
local check = require "check"
local faults = dofile(arg[0]:gsub("crashes_while_loading%.lua$", "fault_table.lua"))

dll.cdef "int accepted(void); int can_throw(void);"

local file <close> = assert(io.open(check.path "crashes", "rb"))
local library = file:read "a"
local rounds = tonumber(os.getenv "RUNTIME64_TEST_ROUNDS") or 2

local good = check.library("crashes", { breaker = false })
local can_throw = good.can_throw() ~= 0

for _, fault in ipairs(faults) do
  if fault.cause ~= "C++ exception" or can_throw then
    local name = ("on_load_%d.%s"):format(fault.number, check.is_pe and "dll" or "so")
    local path = check.file(name, library)
    for round = 1, rounds do
      local what = ("%s, while loading, round %d"):format(fault.name, round)
      local raised = select(2, pcall(dll.load, path, { breaker = false }))
      faults.verify(check, fault, raised, what, "on_load_")
      check.contains(tostring(raised), "while loading", what)
      -- The library that was there before is loaded anew, and the one that crashes is not.
      check.truthy(good.can_throw() ~= nil, what .. ": the next call")
    end
  end
end

if check.is_pe then
  local refused = check.raises("load", { "refuse_load", "DllMain", "FALSE" }, check.library, "refuse_load")
  check.equal(refused.code, 1114, "ERROR_DLL_INIT_FAILED")
else
  check.equal(check.library("refuse_load").accepted(), 1, "nothing can refuse here")
end

check.finish()
