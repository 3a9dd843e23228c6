-- errno and GetLastError: taken right after the call, kept until the next one.
local check = require "check"
local calls = check.library "calls"

dll.cdef [[
  int fail_with_errno(int value);
  int get_errno(void);
  int fail_with_last_error(unsigned int value);
  int add(int a, int b);
]]

check.equal(calls.fail_with_errno(2), -1, "the result")
check.equal(dll.errno(), 2, "errno after the call")
check.equal(dll.errno(), 2, "asking does not change it")
for _, value in ipairs { 1, 22, 133, 0 } do
  calls.fail_with_errno(value)
  check.equal(dll.errno(), value, "errno after the call")
end

-- What a script sets is what the next call finds; setting gives the old value.
calls.fail_with_errno(5)
check.equal(dll.errno(0), 5, "the old value")
check.equal(dll.errno(), 0, "the new value")
check.equal(calls.get_errno(), 0, "the new value in the library")
dll.errno(77)
check.equal(calls.get_errno(), 77, "another one")

if check.is_pe then
  calls.fail_with_last_error(5)
  local code, text = dll.lasterror()
  check.equal(code, 5, "GetLastError after the call")
  check.truthy(type(text) == "string" and #text > 0, "its text")
  check.equal((dll.lasterror()), 5, "asking does not change it")
  calls.fail_with_last_error(0)
  check.equal((dll.lasterror()), 0, "no error")
else
  calls.fail_with_last_error(5)
  local code, text = dll.lasterror()
  check.equal(code, 0, "there is no GetLastError here")
  check.equal(text, nil, "and no text")
end

check.finish()
