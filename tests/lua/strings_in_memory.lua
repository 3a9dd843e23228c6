-- Text in arrays: of char and the 8-bit integers as bytes, of wchar_t converted from UTF-8 to the worker's wide characters.
local check = require "check"
local records, calls = check.library "records", check.library "calls"
local memory = dll.of(records)

dll.cdef [[
  struct label { char text[12]; wchar_t wide[6]; };
  int record_size(const char *type);
  int record_offset(const char *field);
  void label_fill(struct label *l);
  int label_wide_length(const struct label *l);
  int label_wide_unit(const struct label *l, int index);
  int wide_length(const wchar_t *text);
  struct label *static_label(void);
  int string_length(const char *text);
  char *string_writable(void);
  int string_fill(char *buffer, int count);
]]
local wide_bytes = check.is_pe and 2 or 4

-- Arrays of characters: a string and its zero, where there is room for it.
local buffer = memory.new("char[8]", "hello")
check.equal(memory.string(buffer), "hello", "read up to the zero")
check.equal(buffer[1], ("e"):byte(), "an element is a number")
check.equal(buffer[5] + buffer[7], 0, "zeros after it")
check.equal(memory.string(buffer, 2), "he", "a part of it")
check.equal(memory.string(buffer + 2), "llo", "from the middle")
check.equal(calls.string_length(buffer), 5, "passed as const char *")
check.equal(memory.read(memory.new("char[3]", "abc")), "abc", "no room for a zero")
check.equal(memory.string(memory.new("char[3]", "abc")), "abc", "and none is needed to read it")
check.equal(memory.string(memory.new("uint8_t[4]", "\1\2")), "\1\2", "uint8_t")
check.equal(memory.new("int8_t[2]", "\xFF")[0], -1, "int8_t")
check.equal(memory.string(memory.new("unsigned char[4]", "xyz")), "xyz", "unsigned char")
check.equal(memory.string(memory.new("char[?]", 3, "ab")), "ab", "an open length")
check.equal(memory.string(memory.new("char[4]", "")), "", "an empty string")
check.equal(memory.read(memory.new("char[5]", "a\0b")), "a\0b\0\0", "zeros within are bytes like others")
check.equal(memory.string(memory.new("char[2][4]", { "one", "two" })[1]), "two", "an array of texts")

-- Characters are numbers otherwise.
buffer[0] = 72
check.equal(memory.string(buffer), "Hello", "an element written")
check.equal(memory.string(memory.new("char[3]", { 65, 66 })), "AB", "from numbers")
check.raises("range", { "char", "128" }, function() buffer[0] = 128 end)
check.raises("type", { "char", '"H"' }, function() buffer[0] = "H" end)

-- Written anew as a field: what was there before is gone.
local label = memory.new("struct label", "eleven char", "abc")
check.equal(memory.string(label.text), "eleven char", "11 and a zero")
label.text = "new"
check.equal(memory.read(label.text), "new" .. ("\0"):rep(9), "zeros after it")
label.text = "twelve chars"
check.equal(memory.string(label.text), "twelve chars", "all of it")
check.raises("range", { "struct label", "text", "13 bytes" }, function() label.text = "thirteen char" end)
check.equal(memory.string(label.text), "twelve chars", "unchanged")
check.raises("type", { "struct label", "text", "5" }, function() label.text = 5 end)

-- Wide characters have the width of the worker's wchar_t.
check.equal(memory.sizeof "wchar_t", wide_bytes, "the width")
check.equal(memory.sizeof(label), records.record_size "struct label", "the size")
check.equal(memory.offsetof("struct label", "wide"), records.record_offset "label.wide", "the offset")
label.wide = "wägt"
check.equal(records.label_wide_length(label), 4, "characters, not bytes")
check.equal(records.label_wide_unit(label, 1), 0xE4, "converted")
check.equal(label.wide[1], 0xE4, "an element is a number")
records.label_fill(label)
check.equal(memory.string(label.text), "label", "text of the library")
check.equal(label.wide[3], ("t"):byte(), "wide text of the library")
check.equal(#label.wide, 6, "the length of the array")
local expected = string.pack(check.is_pe and "<I2I2" or "<I4I4", 0x77, 0xE4)
check.equal(memory.read(label.wide, 2 * wide_bytes), expected, "its bytes")
check.equal(records.wide_length(memory.new("wchar_t[?]", 4, "abc")), 3, "passed as const wchar_t *")
check.equal(records.wide_length(label.wide), 4, "a field passed")

-- What does not fit in one UTF-16 unit takes two.
local wide = memory.new("wchar_t[4]", "a😀")
check.equal(records.wide_length(wide), check.is_pe and 3 or 2, "a pair of units, or one")
check.equal(wide[1], check.is_pe and 0xD83D or 0x1F600, "the first of them")
check.equal(memory.new("wchar_t[2]", "xy")[1], ("y"):byte(), "no room for a zero")
check.raises("range", { "wchar_t" }, memory.new, "wchar_t[2]", "xyz")
check.raises("range", { "struct label", "wide" }, function() label.wide = "seven ü" end)
check.raises("type", { "UTF-8" }, memory.new, "wchar_t[8]", "\xFF\xFE")
check.raises("type", { "UTF-8" }, function() label.wide = "\xE4" end)
check.equal(label.wide[0], ("w"):byte(), "unchanged")

-- The same on text that the library owns.
local static = records.static_label()
static.text = "ours"
static.wide = "öl"
check.equal(memory.string(static.text), "ours", "written there")
check.equal(records.label_wide_length(static), 2, "wide text there")
check.raises("range", { "text", "13 bytes" }, function() static.text = "thirteen char" end)
local text = calls.string_writable()
local before = memory.string(text)
text[0] = ("W"):byte()
check.equal(memory.string(text), "W" .. before:sub(2), "through char *")
memory.copy(text, before)
check.equal(calls.string_fill(buffer, 8), 8, "the library fills the script's buffer")
check.equal(memory.string(buffer), "########", "all of it")

-- A string is no array of something else, and never lies in memory by itself.
check.raises("type", { "int [4]", "string" }, memory.new, "int[4]", "text")
check.raises("type", { "short [4]", "string" }, memory.new, "short[4]", "text")
check.raises("type", { "dll.new" }, memory.new, "const char *", "text")
check.raises("type", { "dll.new" }, memory.cast, "const char *", "text")
check.raises("type", { "char", '"t"' }, memory.new, "char", "t")
check.raises("type", { "string_fill", "char *" }, calls.string_fill, "text", 1)
check.raises("type", { "string_fill", "const char [8]" }, calls.string_fill, memory.new("const char[8]", "fixed"), 1)

check.finish()
