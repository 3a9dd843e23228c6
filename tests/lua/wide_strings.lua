-- Wide text: UTF-16 on Windows and UTF-32 elsewhere for wchar_t, everywhere the same for char16_t and char32_t.
local check = require "check"
local texts = check.library "texts"
local memory = dll.of(texts)

dll.cdef [[
  const wchar_t *keep_wide(const wchar_t *text);
  const char16_t *keep_utf16(const char16_t *text);
  const char32_t *keep_utf32(const char32_t *text);
  const void *keep_bytes(const void *bytes, size_t length);
  const wchar_t *wide_letters(size_t count);
]]

local width = memory.sizeof "wchar_t"
local wide_encoding = width == 2 and "utf-16" or "utf-32"

-- { text, units of UTF-16, code points }
local cases = {
  { "", {}, {} },
  { "hello", { 0x68, 0x65, 0x6C, 0x6C, 0x6F }, { 0x68, 0x65, 0x6C, 0x6C, 0x6F } },
  { "Grö€", { 0x47, 0x72, 0xF6, 0x20AC }, { 0x47, 0x72, 0xF6, 0x20AC } },
  -- A character whose lower byte is zero, next to one whose upper byte is.
  { "aĀa", { 0x61, 0x100, 0x61 }, { 0x61, 0x100, 0x61 } },
  { "😀\u{10FFFF}", { 0xD83D, 0xDE00, 0xDBFF, 0xDFFF }, { 0x1F600, 0x10FFFF } },
  -- Halves of surrogate pairs that stand alone: file names of Windows may hold them.
  { "a\xED\xA0\x80", { 0x61, 0xD800 }, { 0x61, 0xD800 } },
  { "\xED\xBF\xBFb", { 0xDFFF, 0x62 }, { 0xDFFF, 0x62 } },
  { "\xED\xB8\x80\xED\xA0\xBD", { 0xDE00, 0xD83D }, { 0xDE00, 0xD83D } },
}
local function packed(units, bytes)
  return string.pack("<" .. ("I" .. bytes):rep(#units), table.unpack(units))
end
for _, case in ipairs(cases) do
  local text, units, points = table.unpack(case)
  local sixteen, thirty_two = packed(units, 2), packed(points, 4)
  local own = width == 2 and sixteen or thirty_two
  local kept = texts.keep_wide(text)
  check.equal(memory.string(kept, #own + width), own .. ("\0"):rep(width), "the library got wide characters and a zero")
  check.equal(memory.string(kept), text, "up to the zero, as text")
  check.equal(memory.string(kept, #own), own, "so many bytes are bytes")
  check.equal(memory.string(kept, #own, wide_encoding), text, "so many bytes as text")
  check.equal(memory.string(texts.keep_utf16(text)), text, "char16_t")
  check.equal(memory.string(texts.keep_utf16(text), #sixteen), sixteen, "its bytes")
  check.equal(memory.string(texts.keep_utf32(text)), text, "char32_t")
  check.equal(memory.string(texts.keep_utf32(text), #thirty_two), thirty_two, "its bytes")
  -- Encoded by name.
  check.equal(dll.encode(text, "utf-16le"), sixteen, "UTF-16")
  check.equal(dll.encode(text, "utf-32"), thirty_two, "UTF-32")
  check.equal(dll.string(sixteen, nil, "utf-16"), text, "from UTF-16")
  check.equal(dll.string(thirty_two, nil, "utf-32le"), text, "from UTF-32")
  local untyped = texts.keep_bytes(sixteen .. "\0\0", #sixteen + 2)
  check.equal(memory.string(untyped, nil, "utf-16"), text, "a pointer of another type, up to its zero")
  untyped = texts.keep_bytes(thirty_two .. "\0\0\0\0", #thirty_two + 4)
  check.equal(memory.string(untyped, nil, "utf-32"), text, "and of UTF-32")
  -- In objects: with and without room for a zero.
  for _, kind in ipairs { { "wchar_t", #own // width }, { "char16_t", #units }, { "char32_t", #points } } do
    local name, count = table.unpack(kind)
    if count > 0 then
      check.equal(memory.string(memory.new(name .. "[?]", count, text)), text, name .. ", no room for a zero")
    end
    local object = memory.new(name .. "[?]", count + 3, text)
    check.equal(memory.string(object), text, name .. ", up to the zero")
    check.equal(memory.string(memory.cast("const " .. name .. " *", object)), text, name .. ", through a pointer")
  end
end

-- Wide by name: what a header calls so, whatever it is made of.
dll.cdef [[
  typedef WCHAR letter;
  typedef char16_t UChar;
  struct wide_names { WCHAR system[4]; letter own[4]; UChar icu[4]; char32_t point; OLECHAR ole[2]; };
  const void *keep_system(const WCHAR *text) asm("keep_wide");
  const void *keep_own(const letter *text) asm("keep_wide");
  const UChar *keep_icu(const UChar *text) asm("keep_utf16");
  const unsigned short *keep_shorts(const unsigned short *text) asm("keep_utf16");
]]
local names = memory.new("struct wide_names", { system = "ä", own = "ö", icu = "ü", point = 0x1F600, ole = "é" })
check.equal(memory.string(names.system) .. memory.string(names.own) .. memory.string(names.icu), "äöü", "arrays")
check.equal(memory.string(names.ole), "é", "of an alias of an alias")
check.equal(names.point, 0x1F600, "one character is a number")
check.equal(memory.string(memory.new("WCHAR[2][3]", { "ab", "cd" })[1]), "cd", "an array of texts")
check.equal(memory.string(memory.cast("wchar_t *", texts.keep_system "ä")), "ä", "WCHAR")
check.equal(memory.string(memory.cast("wchar_t *", texts.keep_own "ö")), "ö", "a name of its own")
check.equal(memory.string(texts.keep_icu "ü"), "ü", "a name of char16_t")
check.raises("type", { "keep_shorts", "unsigned short" }, texts.keep_shorts, "text")
check.equal(memory.string(texts.keep_shorts(memory.new("char16_t[4]", "abc")), nil, "utf-16"), "abc", "the same integers")
check.raises("type", { "unsigned short", "string" }, memory.new, "unsigned short[4]", "text")

-- A header that was preprocessed declares wchar_t itself.
dll.cdef(width == 2 and "typedef unsigned short wchar_t;" or "typedef int wchar_t;")
dll.cdef [[ const wchar_t *keep_redeclared(const wchar_t *text) asm("keep_wide"); ]]
check.equal(memory.string(texts.keep_redeclared "Grö€😀"), "Grö€😀", "a typedef of that name")

-- What is no text, and zeros.
check.raises("type", { "keep_wide", "const wchar_t *text", "UTF-8", "0xFF", "position 2)" }, texts.keep_wide, "a\xff")
check.raises("type", { "keep_utf16", "UTF-8", "0xED", "position 1)" }, texts.keep_utf16, "\xed\xa0")
check.raises("type", { "keep_wide", "zero", "position 2", "wchar_t[?]" }, texts.keep_wide, "a\0b")
check.raises("type", { "char16_t", "UTF-8" }, memory.new, "char16_t[4]", "\xff")
local list = memory.new("wchar_t[?]", 8, "ab\0cd\0")
check.equal(memory.string(list, 6 * width, wide_encoding), "ab\0cd\0", "an array may hold zeros")
check.equal(memory.string(texts.keep_wide(list)), "ab", "where C ends")
check.equal(texts.keep_wide(nil), nil, "nil is NULL")
check.raises("range", { "char16_t", "10 bytes" }, memory.new, "char16_t[4]", "abcde")
check.equal(dll.string("a\0b", nil, "utf-16"), "a\u{FFFD}", "half a unit")
check.equal(dll.string("\0\0\x11\0", nil, "utf-32"), "\u{FFFD}", "no code point")

-- Text that ends right before memory that is not there, at addresses of every kind.
local page = 4096
local pages
if check.is_pe then
  dll.cdef [[ void *__stdcall VirtualAlloc(void *address, size_t bytes, DWORD type, DWORD protection); ]]
  local reserved = dll.of(texts).C.VirtualAlloc(nil, 3 * page, 0x2000, 4)
  pages = memory.C.VirtualAlloc(reserved, 2 * page, 0x1000, 4)
else
  dll.cdef [[
    void *mmap(void *address, size_t bytes, int protection, int flags, int file, long offset);
    int mprotect(void *address, size_t bytes, int protection);
  ]]
  pages = memory.C.mmap(nil, 3 * page, 3, 0x22, -1, 0)
  check.equal(memory.C.mprotect(memory.cast("char *", pages) + 2 * page, page, 0), 0, "a page without access")
end
local start = memory.cast("char *", pages)
local text = ("aĀ"):rep(700)
for _, encoding in ipairs { "utf-16", "utf-32" } do
  local unit = encoding == "utf-16" and 2 or 4
  local bytes = dll.encode(text, encoding) .. ("\0"):rep(unit)
  for offset = 0, unit do
    local place = start + (2 * page - #bytes - offset)
    memory.write(place, bytes .. ("x"):rep(offset))
    check.equal(memory.string(place, nil, encoding), text, encoding .. ", " .. offset .. " bytes before the end")
  end
  memory.write(start + (2 * page - 8), "xxxxxxxx")
  -- Wine lets other processes read what is only reserved.
  if not check.is_pe then
    check.raises("memory", "dll.string", memory.string, start + (2 * page - 8), nil, encoding)
  end
end

-- Long text.
local letters = memory.string(texts.wide_letters(300000))
check.equal(#letters, 300000, "a long wide text")
check.equal(letters:sub(-26, -1), memory.string(texts.wide_letters(300000) + 299974), "its end")
check.equal(memory.string(texts.keep_wide(letters)), letters, "there and back")

check.finish()
