-- Memory as bytes: of objects, of the library, and where there is none.
local check = require "check"
local calls = check.library "calls"
local memory = dll.of(calls)

dll.cdef [[
  int *static_ints(void);
  char *string_writable(void);
  int string_length(const char *text);
]]

-- copy, fill, string, read, write on objects.
local buffer = memory.new("uint8_t[8]")
memory.copy(buffer, "abc")
check.equal(memory.string(buffer), "abc", "a string with its zero")
memory.copy(buffer, "xyz", 2)
check.equal(memory.string(buffer, 4), "xyc\0", "a part of a string")
memory.fill(buffer, 3, 0x41)
check.equal(memory.read(buffer), "AAA\0\0\0\0\0", "fill, then all of it")
memory.fill(buffer, 2)
check.equal(memory.read(buffer, 3), "\0\0A", "zeros")
memory.write(buffer, "12345678")
check.equal(memory.string(buffer), "12345678", "text that fills it needs no zero")
local other = memory.new("uint8_t[4]")
memory.copy(other, buffer, 4)
check.equal(memory.read(other), "1234", "from an object to an object")

-- The same on the library's own memory.
local text = calls.string_writable()
local before = memory.string(text)
check.equal(memory.read(text, #before + 1), before .. "\0", "read")
memory.write(text, before:upper())
check.equal(memory.string(text), before:upper(), "write")
memory.copy(text, before)
check.equal(memory.string(text), before, "copy")
check.equal(memory.read(memory.cast("uintptr_t", text), 2), before:sub(1, 2), "an address as a number")

-- Between bounds, or not at all.
check.raises("range", { "dll.copy", "9", "8" }, memory.copy, buffer, "12345678")
check.raises("range", "dll.fill", memory.fill, buffer, 9)
check.raises("range", "dll.read", memory.read, buffer, 9)
check.raises("range", "dll.string", memory.string, buffer, 9)
check.raises("range", "dll.write", memory.write, buffer, "123456789")
check.equal(memory.read(buffer), "12345678", "nothing was written")
check.raises("range", "255", memory.fill, buffer, 1, 256)
check.raises("range", "length", memory.read, buffer, -1)
check.raises("type", "number of bytes", memory.read, text)
check.raises("type", "number of bytes", memory.copy, buffer, text)
check.raises("type", "string", memory.write, buffer, 5)
check.raises("type", "pointer", memory.copy, 5, "x")
check.raises("range", "3", memory.copy, buffer, "abc", 10)

-- Where there is nothing.
for _, attempt in ipairs {
  { "dll.read", memory.read, 256, 4 },
  { "dll.write", memory.write, 256, "1234" },
  { "dll.hexdump", memory.hexdump, 256, 16 },
  { "dll.copy", memory.copy, memory.cast("char *", 256), "text" },
  { "dll.string", memory.string, memory.cast("char *", 256) },
} do
  local raised = check.raises("memory", { attempt[1], "0x00000100" }, table.unpack(attempt, 2))
  check.equal(raised.address, 256, attempt[1] .. ": the address")
end
check.equal(memory.read(256, 0), "", "nothing of nowhere is nothing")

-- Looked at.
check.contains(memory.hexdump(buffer), { "31 32 33 34 35 36 37 38", "|12345678|" }, "an object")
check.contains(memory.hexdump(text, 2), string.format("%02x %02x", before:byte(1, 2)), "the library's memory")
check.equal(memory.hexdump("A\n"), "00000000  41 0a                                             |A.|", "a string")

-- Strings of every size reach the library whole.
for _, size in ipairs { 0, 1, 15, 16, 17, 4096, 65536, (1 << 20) - 1, 1 << 20, (4 << 20) + 3, 20 << 20 } do
  check.equal(calls.string_length(string.rep("x", size)), size, "a string of " .. size)
end

check.finish()
