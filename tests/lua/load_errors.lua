-- Files that are no library for any worker: each says what it is. A good library loads afterwards.
local check = require "check"

-- The header of an ELF file without sections or segments.
local function elf(class, machine, kind)
  local wide = class == 2
  return "\127ELF" .. string.char(class, 1, 1) .. ("\0"):rep(9)
    .. string.pack(wide and "<I2I2I4I8I8I8I4I2I2I2I2I2I2" or "<I2I2I4I4I4I4I4I2I2I2I2I2I2",
      kind, machine, 1, 0, 0, 0, 0, wide and 64 or 52, wide and 56 or 32, 0, wide and 64 or 40, 0, 0)
end

-- A DOS header that leads to another one behind it.
local function dos(header)
  return "MZ" .. ("\0"):rep(58) .. string.pack("<I4", 64) .. header
end

-- The header of a PE file: COFF header, optional header, no sections.
local function pe(machine, characteristics)
  return dos("PE\0\0" .. string.pack("<I2I2I4I4I4I2I2", machine, 0, 0, 0, 0, 224, characteristics)
    .. string.pack("<I2", 0x10b) .. ("\0"):rep(222 + 512))
end

local calls_bytes
do
  local file <close> = assert(io.open(check.path "calls", "rb"))
  calls_bytes = file:read "a"
end

local cases = {
  { "empty.so", "", "load", "empty" },
  { "notes.dll", "These are my notes about the device.\n", "load", "text" },
  { "archive.a", "!<arch>\n" .. ("x"):rep(200), "load", "archive" },
  { "zeros.so", ("\0"):rep(4096), "load", "zeros.so" },
  { "noise.dll", ("\xde\xad\xbe\xef"):rep(500), "load", "noise.dll" },
  { "arm.so", elf(1, 40, 3), "wrong_architecture", "ARM" },
  { "aarch64.so", elf(2, 183, 3), "wrong_architecture", "64" },
  { "sixteen.dll", dos("NE" .. ("\0"):rep(200)), "wrong_architecture", "16-bit" },
  { "arm64.dll", pe(0xaa64, 0x2022), "wrong_architecture", "ARM64" },
  { "truncated.so", calls_bytes:sub(1, 40), "load", "truncated" },
  { "half.so", calls_bytes:sub(1, #calls_bytes // 2), "load", "half.so" },
}
for _, case in ipairs(cases) do
  local name, bytes, kind, fragment = table.unpack(case)
  local path = check.file(name, bytes)
  local raised = check.raises(kind, { name, fragment }, dll.load, path)
  check.truthy(raised.library, "the library of the error")
end

-- Files and names that are not there; what was looked for is told.
check.raises("load", "no_such_library", dll.load, "no_such_library")
check.raises("load", "no_such_library.dll", dll.load, "no_such_library.dll")
check.raises("load", { "missing.so", check.fixtures }, dll.load, check.fixtures .. "/missing.so")
check.raises("load", "", dll.load, "")
check.raises("load", "", dll.load, check.fixtures)
check.raises("load", "", dll.load, "a\0b")

-- A bare name is never looked for in the current directory by accident; a folder to look in can be named.
local base = check.path("calls"):match "([^/\\]+)$"
check.raises("load", base, dll.load, base)
dll.cdef "int add(int a, int b);"
check.equal(dll.load(base, { search = check.fixtures }).add(1, 2), 3, "found in a named folder")
check.equal(dll.load(base, { search = { check.fixtures } }).add(1, 2), 3, "found in a list of folders")

-- Arguments that make no sense.
check.truthy(not pcall(dll.load), "nothing to load")
check.truthy(not pcall(dll.load, {}), "a table is no name")
check.raises("type", "serch", dll.load, check.path "calls", { serch = "x" })
check.raises("type", "search", dll.load, check.path "calls", { search = 5 })

-- A library that faults while it is loaded ends its worker only.
local crashed = select(2, pcall(check.library, "crash_on_load"))
check.equal(crashed.kind, "crash", "a fault in a constructor")
check.contains(crashed.module, "crash_on_load", "the module that it is in")
check.contains(tostring(crashed), "crash_on_load", "the library that crashed")

local calls = check.library "calls"
check.equal(calls.add(2, 3), 5, "a good library loads afterwards")
check.truthy(tostring(calls):find("calls", 1, true), "a library shown")

check.finish()
