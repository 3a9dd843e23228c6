-- Text in the encoding of a library: converted on the way in and out, refused where it has no form.
local check = require "check"

dll.cdef [[
  const void *keep_bytes(const void *bytes, size_t length);
  const void *keep_text(const char *text);
  const char *kept_text(void);
  const char *keep_joined(int count, ...);
]]

local function loaded(encoding)
  return check.library("texts", { encoding = encoding })
end

-- The bytes that the library got.
local function bytes_of(library, text)
  return dll.string(library.keep_text(text))
end

-- Without an encoding, and with UTF-8, bytes pass as they are.
for _, library in ipairs { check.library "texts", loaded "utf-8", loaded "UTF8", loaded(65001), loaded "cp65001" } do
  check.equal(bytes_of(library, "Größe"), "Größe", "UTF-8")
  check.equal(bytes_of(library, "\xff\xed\xa0\x80"), "\xff\xed\xa0\x80", "what is no text")
  check.equal(library.kept_text(), "\xff\xed\xa0\x80", "and back")
end

-- { encoding, text, its bytes }
local cases = {
  { "windows-1252", "Größe €", "Gr\xf6\xdfe \x80" },
  { "cp1252", "Größe €", "Gr\xf6\xdfe \x80" },
  { "1252", "Größe €", "Gr\xf6\xdfe \x80" },
  { 1252, "Größe €", "Gr\xf6\xdfe \x80" },
  { 1252.0, "ÿ", "\xff" },
  { "Windows-1250", "Łódź", "\xa3\xf3d\x9f" },
  { "koi8-r", "Привет", "\xf0\xd2\xc9\xd7\xc5\xd4" },
  { "iso-8859-2", "Łódź", "\xa3\xf3d\xbc" },
  { "cp437", "café ½", "caf\x82 \xab" },
  { 850, "Größe", "Gr\x94\xe1e" },
  { "OEM858", "5 €", "5 \xd5" },
  { "ibm866", "Привет", "\x8f\xe0\xa8\xa2\xa5\xe2" },
  -- Several bytes to a character, the second of which may look like a backslash.
  { "shift_jis", "日本語 表示 ﾃｽﾄ", "\x93\xfa\x96\x7b\x8c\xea \x95\x5c\x8e\xa6 \xc3\xbd\xc4" },
  { 932, "①", "\x87\x40" },
  { "gbk", "汉字", "\xba\xba\xd7\xd6" },
  { "gb18030", "汉字 😀", "\xba\xba\xd7\xd6 \x94\x39\xfc\x36" },
  { "big5", "漢字", "\xba\x7e\xa6\x72" },
  { "euc-kr", "한글", "\xc7\xd1\xb1\xdb" },
  { "cp949", "똠방각하", "\x8c\x63\xb9\xe6\xb0\xa2\xc7\xcf" },
}
for _, case in ipairs(cases) do
  local encoding, text, bytes = table.unpack(case)
  local library = loaded(encoding)
  check.equal(bytes_of(library, text), bytes, encoding .. ", a parameter")
  check.equal(library.kept_text(), text, encoding .. ", a result")
  check.equal(library.keep_joined(3, text, "-", text), text .. "-" .. text, encoding .. ", further arguments")
  check.equal(dll.string(library.keep_bytes(text, #text), #text), text, encoding .. ", const void * is bytes")
  check.equal(bytes_of(library, ""), "", "no text")
  check.equal(library.keep_text(nil), nil, "nil is NULL")
  -- The same text in an object.
  check.equal(dll.encode(text, encoding), bytes, encoding .. ", encoded")
  local object = dll.new("char[?]", #bytes + 1, dll.encode(text, encoding))
  check.equal(dll.string(library.keep_text(object)), bytes, encoding .. ", an object is passed as it is")
  check.equal(dll.string(object, nil, encoding), text, encoding .. ", decoded up to the zero")
  check.equal(dll.string(object, #bytes, encoding), text, encoding .. ", so many bytes")
  check.equal(dll.string(object), bytes, "bytes, if no encoding is told")
  check.equal(dll.string(bytes, nil, encoding), text, encoding .. ", a Lua string decoded")
  check.equal(dll.string(bytes .. "x", #bytes, encoding), text, encoding .. ", so many bytes of it")
end

-- What has no form is named with its place, and the library is not called.
local western = loaded "windows-1252"
western.keep_text "before"
check.raises("range", { "keep_text", "const char *text", "'Ł'", "U+0141", "position 1 ", "windows-1252" },
  western.keep_text, "Łódź")
check.raises("range", { "'日'", "U+65E5", "position 4 " }, western.keep_text, "aö日")
check.raises("range", { "keep_joined", "argument 3 (...)", "'ł'", "position 2 " }, western.keep_joined, 2, "a", "ał")
check.raises("type", { "keep_text", "UTF-8", "0xE4", "position 3)" }, western.keep_text, "ab\xe4")
check.raises("type", { "UTF-8", "0xED", "position 1)" }, western.keep_text, "\xed\xa0\x80")
check.raises("type", { "keep_text", "zero", "position 4" }, western.keep_text, "aö\0")
check.raises("type", { "keep_joined", "argument 2 (...)", "zero", "position 2" }, western.keep_joined, 1, "a\0b")
check.raises("range", { "'😀'", "position 2 ", "Shift_JIS" }, loaded("shift_jis").keep_text, "a😀")
local raised = check.raises("range", "cp850", loaded(850).keep_text, "€")
check.equal(raised.func, "keep_text", "the function of the error")
check.truthy(raised.library and raised.library:find("texts", 1, true), "the library of the error")
check.equal(western.kept_text(), "before", "nothing was called")
check.raises("range", { "dll.encode", "'Ł'", "windows-1252" }, dll.encode, "Ł", 1252)
check.raises("type", { "dll.encode", "UTF-8" }, dll.encode, "\xff", 1252)

-- What the library gives and its encoding does not have is replaced; the call is not lost.
local greek = loaded "windows-1253"
greek.keep_bytes("a\xd2b\0", 4)
check.equal(greek.kept_text(), "a\u{FFFD}b", "a byte that means nothing")
local japanese = loaded(932)
japanese.keep_bytes("\x93\xfa\x81\0", 4)
check.equal(japanese.kept_text(), "日\u{FFFD}", "half a character")
check.equal(dll.string("\xd5", nil, "cp857"), "\u{FFFD}", "a byte of an OEM code page")

-- Each way to load a library has its own encoding.
local plain = check.library "texts"
check.equal(bytes_of(plain, "ö"), "ö", "UTF-8")
check.equal(bytes_of(western, "ö"), "\xf6", "the same file by another encoding")
check.equal(plain.kept_text(), "\xf6", "bytes")
check.equal(western.kept_text(), "ö", "text")

-- Encodings there are none of.
local function load_with(encoding)
  return function() return loaded(encoding) end
end
check.raises("type", { "dll.load", "'encoding'", "'windows-125'", "did you mean 'windows-125" }, load_with "windows-125")
check.raises("type", { "'encoding'", "'Shift_JISS'", "did you mean 'shift_jis'" }, load_with "Shift_JISS")
check.raises("type", { "'encoding'", "'klingon'", "utf-8", "windows-1252", "cp850", "shift_jis" }, load_with "klingon")
check.raises("type", { "'encoding'", "'12345'" }, load_with(12345))
check.raises("type", { "'encoding'", "-1" }, load_with(-1))
check.raises("type", { "'encoding'", "1252.5" }, load_with(1252.5))
check.raises("type", { "'encoding'", "true" }, load_with(true))
check.raises("type", { "'encoding'", "table" }, load_with {})
check.raises("type", { "'encoding'", "utf-16", "wchar_t" }, load_with "utf-16")
check.raises("type", { "dll.encode", "'latin-x'" }, dll.encode, "a", "latin-x")
check.raises("type", { "dll.encode", "nil" }, dll.encode, "a")
check.raises("type", { "dll.encode", "5" }, dll.encode, 5, 1252)
check.raises("type", { "dll.string", "'latin-x'" }, dll.string, "a", 1, "latin-x")
check.raises("type", { "encodign", "encoding" }, check.library, "texts", { encodign = 1252 })

-- Long text.
local long = ("Größe "):rep(100000)
check.equal(#bytes_of(western, long), 600000, "a long parameter")
check.equal(western.kept_text(), long, "a long result")

check.finish()
