-- A declaration whose arguments have another size than the exported name tells: caught before it harms the stack.
local check = require "check"
local calls = check.library "calls"

dll.cdef [[
  int __stdcall stdcall_add(int a);
  int add(int a, int b);
]]

if check.decorates then
  local raised = check.raises("symbol", { "stdcall_add", "stdcall_add@8" }, function()
    return calls.stdcall_add(1)
  end)
  check.equal(raised.func, "stdcall_add", "the function of the error")
end
check.equal(calls.add(2, 3), 5, "other functions work")

check.finish()
