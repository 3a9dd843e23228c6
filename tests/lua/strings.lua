-- Strings in and out: bytes as they are, NULL as nil.
local check = require "check"
local calls = check.library "calls"

dll.cdef [[
  int string_length(const char *text);
  unsigned int string_checksum(const char *text);
  unsigned int bytes_sum(const void *bytes, size_t length);
  const char *string_static(void);
  const char *string_empty(void);
  const char *string_null(void);
  const char *string_high_bytes(void);
  const char *string_echo(const char *text);
  const char *string_repeat(int byte, int count);
  char *string_writable(void);
  int string_fill(char *buffer, int count);
]]

-- In.
for _, text in ipairs { "", "a", "hello", "Größe", "日本語", "\1\127\128\255", string.rep("x", 100000) } do
  check.equal(calls.string_length(text), #text, "length")
end
check.equal(calls.string_length(nil), -1, "nil is NULL")

local function adler32(text)
  local low, high = 1, 0
  for index = 1, #text do
    low = (low + text:byte(index)) % 65521
    high = (high + low) % 65521
  end
  return high << 16 | low
end

local every_byte = {}
for byte = 1, 255 do
  every_byte[byte] = string.char(byte)
end
every_byte = table.concat(every_byte)
for _, text in ipairs { "", "Wikipedia", every_byte, every_byte:rep(200) } do
  check.equal(calls.string_checksum(text), adler32(text), "every byte arrives")
end
check.equal(calls.bytes_sum("a\0b\0", 4), 97 + 98, "const void * takes zero bytes along")

-- Out.
check.equal(calls.string_static(), "a string that lives in the library", "a static string")
check.equal(calls.string_empty(), "", "an empty string is not nil")
check.equal(calls.string_null(), nil, "NULL is nil")
check.equal(select("#", calls.string_null()), 1, "NULL is one result")
check.equal(calls.string_high_bytes(), "Gr\xf6\xdfe\xff", "bytes of no encoding")
check.equal(calls.string_echo(every_byte), every_byte, "there and back")
check.equal(calls.string_echo(nil), nil, "NULL there and back")
check.equal(calls.string_repeat(66, 0), "", "an empty result from a buffer")
check.equal(calls.string_repeat(66, 300000), string.rep("B", 300000), "a long result")

-- Wide strings: UTF-16 on Windows, UTF-32 on Linux, made from UTF-8.
dll.cdef "size_t wcslen(const wchar_t *text);"
check.equal(dll.C.wcslen "Grö€😀", check.is_pe and 6 or 5, "wide characters")
check.equal(dll.C.wcslen "", 0, "an empty wide string")
check.raises("type", { "wcslen", "UTF-8" }, dll.C.wcslen, "\xff")
check.raises("type", { "wcslen", "zero" }, dll.C.wcslen, "a\0b")

-- The result is a copy: what the library does later to its buffer does not reach it.
local kept = calls.string_repeat(67, 10)
calls.string_repeat(68, 10)
check.equal(kept, "CCCCCCCCCC", "a result that was kept")

-- A writable string is a pointer, read when one wants to.
local writable = calls.string_writable()
check.equal(type(writable), "userdata", "char * is a pointer")
check.equal(dll.string(writable), "writable", "up to its zero")
check.equal(dll.string(writable, 5), "writa", "so many bytes")
check.equal(dll.string(writable, 10), "writable\0\0", "zeros too, if one asks for them")
check.equal(dll.string(writable, 0), "", "no bytes")
check.equal(calls.string_fill(writable, 3), 3, "the library writes to its own buffer")
check.equal(dll.string(writable), "###table", "what it wrote")
check.equal(calls.string_length(writable), 8, "char * goes where const char * is expected")

-- dll.string takes what needs no reading as it is.
check.equal(dll.string("text"), "text", "a Lua string")
check.equal(dll.string("text", 2), "te", "part of a Lua string")
check.equal(dll.string(nil), nil, "nil")
check.raises("type", { "dll.string", "42" }, dll.string, 42)
check.raises("range", { "dll.string", "-1" }, dll.string, writable, -1)

check.finish()
