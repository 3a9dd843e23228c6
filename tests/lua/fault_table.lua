-- The faults of the fixture `crashes`, by their numbers, and what the error of each must say. It is no script of its own.
local ACCESS = { "SIGSEGV", 11, "EXCEPTION_ACCESS_VIOLATION", 0xC0000005 }

local faults = {
  { number = 0, name = "write", cause = "fault", system = ACCESS, address = 16, access = "write" },
  { number = 1, name = "read", cause = "fault", system = ACCESS, address = 16, access = "read" },
  { number = 2, name = "execute", cause = "fault", system = ACCESS, access = "execute", no_symbol = true },
  { number = 3, name = "divide", cause = "fault", system = { "SIGFPE", 8, "EXCEPTION_INT_DIVIDE_BY_ZERO", 0xC0000094 } },
  { number = 4, name = "illegal", cause = "fault", system = { "SIGILL", 4, "EXCEPTION_ILLEGAL_INSTRUCTION", 0xC000001D } },
  { number = 5, name = "privileged", cause = "fault", system = { "SIGSEGV", 11, "EXCEPTION_PRIV_INSTRUCTION", 0xC0000096 } },
  { number = 6, name = "overflow", cause = "stack overflow", system = { "SIGSEGV", 11, "EXCEPTION_STACK_OVERFLOW", 0xC00000FD } },
  { number = 7, name = "heap", cause = "heap corruption", system = { "SIGABRT", 6, "STATUS_HEAP_CORRUPTION", 0xC0000374 }, raised = true },
  { number = 8, name = "abort", cause = "abort", system = { "SIGABRT", 6, "abort", 3 } },
  { number = 9, name = "throw", cause = "C++ exception", system = { "SIGABRT", 6, "C++ exception", 0xE06D7363 }, raised = true },
  { number = 10, name = "exit", cause = "exit", code = 42, says = "the library terminated the worker" },
  { number = 11, name = "exit at once", cause = "exit", code = 43, says = "the worker exited" },
}

-- Checks the error of a fault. `module` is a part of the name of the file that the fault is in.
function faults.verify(check, fault, raised, what, module)
  local words = tostring(raised)
  check.truthy(type(raised) == "userdata", what .. ": " .. words)
  if fault.cause == "exit" then
    check.equal(raised.kind, "worker_lost", what .. ": " .. words)
    check.equal(raised.code, fault.code, what .. ": code")
    check.contains(words, fault.says, what)
    return
  end
  check.equal(raised.kind, "crash", what .. ": " .. words)
  check.equal(raised.cause, fault.cause, what .. ": cause")
  check.equal(raised.exception, fault.system[check.is_pe and 3 or 1], what .. ": exception")
  check.equal(raised.code, fault.system[check.is_pe and 4 or 2], what .. ": code")
  if fault.address then
    check.equal(raised.address, fault.address, what .. ": address")
  end
  if fault.cause ~= "stack overflow" then
    check.equal(raised.access, fault.access, what .. ": access")
  end
  -- An exception that the loader of Windows has handled is not looked into: the module that had it raised is not known.
  if not fault.raised or not check.is_pe or not module then
    check.contains(raised.module, module or "crashes", what .. ": module")
    check.truthy(raised.offset > 0 and raised.offset < 0x100000, what .. ": offset")
    if not fault.no_symbol then
      check.contains(raised.symbol, "fault_" .. fault.name .. "+0x", what .. ": symbol")
    end
    check.contains(words, ("%s+0x%x"):format(raised.module, raised.offset), what .. ": message")
  end
  if fault.cause == "C++ exception" then
    check.contains(words, "std::runtime_error", what .. ": type")
  end
  local registers = raised.registers
  check.truthy(registers and math.type(registers[check.bits == 32 and "eip" or "rip"]) == "integer", what .. ": registers")
end

return faults
