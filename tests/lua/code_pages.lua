-- Code pages as Windows has them, by its own functions: what each byte means, and which byte each character becomes.
local check = require "check"

if not check.is_pe then
  -- The conversions are the same everywhere; Windows is where there is something to compare them with.
  check.equal(dll.string("\x80", nil, 1252), "€", "a code page")
  check.finish()
  return
end

dll.cdef [[
  BOOL __stdcall IsValidCodePage(UINT page);
  int __stdcall MultiByteToWideChar(UINT page, DWORD flags, const void *bytes, int count, WCHAR *into, int room);
  int __stdcall WideCharToMultiByte(UINT page, DWORD flags, const WCHAR *text, int count, char *into, int room,
                                    const char *fallback, BOOL *used);
  int __stdcall lstrlenA(LPCSTR text);
  int __stdcall lstrlenW(LPCWSTR text);
  LPCSTR __stdcall CharUpperA(LPSTR text);
  LPWSTR __stdcall CharUpperW(LPWSTR text);
  BOOL __stdcall SetEnvironmentVariableA(LPCSTR name, LPCSTR value);
  BOOL __stdcall SetEnvironmentVariableW(LPCWSTR name, LPCWSTR value);
  DWORD __stdcall GetEnvironmentVariableW(LPCWSTR name, LPWSTR value, DWORD room);
]]
local memory = dll.of(check.library "texts")
local kernel = memory.C
local MB_ERR_INVALID_CHARS, WC_NO_BEST_FIT_CHARS = 8, 0x400
local room = 70000
local wide, narrow = memory.new("WCHAR[?]", room), memory.new("char[?]", room)

-- The same text both ways, by both. `pieces` are its characters' bytes.
local function compare(page, pieces)
  local bytes = table.concat(pieces)
  local text = dll.string(bytes, nil, page)
  local count = kernel.MultiByteToWideChar(page, MB_ERR_INVALID_CHARS, bytes, #bytes, wide, room)
  check.truthy(count > 0, "code page " .. page .. " has all that is decoded here")
  check.equal(text, memory.string(wide, 2 * count, "utf-16"), "decoded from code page " .. page)
  local length = kernel.WideCharToMultiByte(page, WC_NO_BEST_FIT_CHARS, wide, count, narrow, room, nil, nil)
  check.equal(dll.encode(text, page), memory.string(narrow, length), "encoded to code page " .. page)
end

-- Every byte of the code pages with one byte to a character. Those that the web's names cover otherwise are left out: the
-- ISO 8859 of western Europe, Turkey, Greece and Hebrew.
local compared = 0
for _, page in ipairs {
  437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869, 874, 1250, 1251, 1252, 1253, 1254,
  1255, 1256, 1257, 1258, 20866, 21866, 28592, 28593, 28594, 28595, 28596, 28603, 28605,
} do
  if kernel.IsValidCodePage(page) ~= 0 then
    local known = {}
    for byte = 1, 255 do
      local character = string.char(byte)
      local is_known = kernel.MultiByteToWideChar(page, MB_ERR_INVALID_CHARS, character, 1, wide, room) > 0
      check.equal(dll.string(character, nil, page) ~= "\u{FFFD}", is_known, "byte " .. byte .. " of code page " .. page)
      known[#known + 1] = is_known and character or nil
    end
    compare(page, known)
    compared = compared + 1
  end
end
check.truthy(compared > 20, "code pages to compare with")

-- Every character of Japanese and Korean but those for private use: two bytes each.
for _, page in ipairs { 932, 949 } do
  for lead = 0x81, 0xFE do
    local known = {}
    for trail = 0x40, 0xFE do
      local character = string.char(lead, trail)
      local text = dll.string(character, nil, page)
      if utf8.len(text) == 1 and text ~= "\u{FFFD}" and not text:find "^\xEE" then
        known[#known + 1] = character
      end
    end
    if #known > 0 then
      compare(page, known)
    end
  end
end

-- Functions of Windows in both forms.
check.equal(kernel.lstrlenW "Größe €", 7, "UTF-16 units")
check.equal(kernel.lstrlenW "😀", 2, "a pair")
check.equal(dll.load("kernel32", { encoding = 1252 }).lstrlenA "Größe €", 7, "bytes of a code page")
check.equal(dll.load("kernel32", { encoding = 932 }).lstrlenA "日本", 4, "two bytes each")
check.equal(kernel.lstrlenA "Größe", 7, "bytes of UTF-8")

local user = dll.load("user32", { encoding = "windows-1252" })
local name = memory.new("char[?]", 32, dll.encode("größe", 1252))
check.equal(user.CharUpperA(name):lower():sub(1, 2), "gr", "a result in the library's encoding")
check.equal(dll.string(name, nil, 1252):sub(1, 2), "GR", "changed in place")
local wide_name = memory.new("WCHAR[?]", 32, "größe")
check.equal(dll.string(user.CharUpperW(wide_name)), "GRÖßE", "wide letters")

-- Half a surrogate pair comes back from Windows as it went there.
local half = "half \xED\xA0\xBD"
check.truthy(kernel.SetEnvironmentVariableW("RUNTIME64_TEST_HALF", half) ~= 0, "set")
check.equal(kernel.GetEnvironmentVariableW("RUNTIME64_TEST_HALF", wide, room), 6, "read")
check.equal(dll.string(wide), half, "a surrogate alone")
check.truthy(kernel.SetEnvironmentVariableA("RUNTIME64_TEST_HALF", "ab") ~= 0, "set by the other form")
check.equal(kernel.GetEnvironmentVariableW("RUNTIME64_TEST_HALF", wide, room), 2, "read")
check.equal(dll.string(wide), "ab", "the same text")

check.finish()
