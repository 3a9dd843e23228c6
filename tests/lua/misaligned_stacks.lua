-- Libraries that call with a stack aligned to 4 bytes only: callbacks, threads and the end of the process work as ever.
local check = require "check"

dll.cdef [[
  typedef int (*handler)(int number);
  typedef int (__stdcall *stdcall_handler)(int number);
  int call_cdecl(int bytes, handler handler, int number);
  int call_stdcall(int bytes, stdcall_handler handler, int number);
  int call_on_thread(int bytes, handler handler, int number);
  void exit_below(int bytes, int status);
]]
local library = check.library "misaligned"
local memory = dll.of(library)

for bytes = 0, 12, 4 do
  local where = bytes .. " bytes below: "
  local function twice(number) return 2 * number end
  check.equal(library.call_cdecl(bytes, twice, 21), 42, where .. "cdecl")
  check.equal(library.call_stdcall(bytes, twice, 21), 42, where .. "stdcall")
  local kept = memory.callback("handler", twice, { thread = "sync" })
  check.equal(library.call_on_thread(bytes, kept, 21), 42, where .. "on a thread")

  -- Each level adds what the one below gives.
  local function nested(number)
    if number == 0 then
      return 0
    end
    local call = number % 2 == 0 and library.call_cdecl or library.call_stdcall
    return number + call(bytes, nested, number - 1)
  end
  check.equal(library.call_cdecl(bytes, nested, 6), 21, where .. "nested")

  -- An error in a callback is raised by the call.
  local ok, raised = pcall(library.call_cdecl, bytes, function() error("from within", 0) end, 1)
  check.equal(ok, false, where .. "an error")
  check.contains(raised, "from within", where .. "its words")
end

for bytes = 0, 12, 4 do
  local where = bytes .. " bytes below: "
  local scope <close> = dll.worker()
  local ok, raised = pcall(scope.load(check.path "misaligned").exit_below, bytes, 3)
  check.equal(ok, false, where .. "the end of the process")
  check.contains(tostring(raised), "exit", where .. "it is told as what it is")
end

check.finish()
