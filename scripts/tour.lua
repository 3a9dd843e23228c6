-- A tour: calls 32-bit libraries already present on this machine, makes a mistake, and survives a crash.
--
-- Usage: runtime64 tour.lua

local on_windows = package.config:sub(1, 1) == "\\"

local function heading(text)
  print(string.format("\n== %s", text))
end

local function show(code, value)
  print(string.format("   %-44s --> %s", code, tostring(value)))
end

-- The message of an error, with each line indented.
local function quote(failure)
  print("   " .. tostring(failure):gsub("\n", "\n   "))
end

-- A library that may be missing: returns it, or prints the reason and returns nil.
local function try_to_load(name)
  local ok, library = pcall(dll.load, name)
  if ok then
    return library
  end
  print(string.format("   Left out: %s could not be loaded here.", name))
  quote(library)
end

local function tour_of_linux()
  heading "Mathematics, from the 32-bit libm.so.6"
  local m = try_to_load "libm.so.6"
  if m then
    -- A declaration copied from the C header is sufficient.
    dll.cdef "double pow(double base, double exponent); double cbrt(double x);"
    show("m.pow(2, 0.5)", m.pow(2, 0.5))
    show("m.cbrt(27)", m.cbrt(27))
  end

  heading "Compression, from the 32-bit libz.so.1"
  local z = try_to_load "libz.so.1"
  if z then
    dll.cdef [[
      const char *zlibVersion(void);
      unsigned long crc32(unsigned long crc, const unsigned char *buffer, unsigned int length);
    ]]
    show("z.zlibVersion()", z.zlibVersion())
    show('z.crc32(0, "hello", 5)', string.format("0x%08x", z.crc32(0, "hello", 5)))
  end
end

local function tour_of_windows()
  heading "The Windows API, from the 32-bit kernel32.dll and user32.dll"
  if not on_windows then
    print "   This is Linux: Windows libraries run through Wine, if it is installed."
  end
  local kernel32 = try_to_load "kernel32.dll"
  if not kernel32 then
    return
  end
  -- Windows names, such as DWORD and WINAPI, are predeclared.
  dll.cdef [[
    DWORD WINAPI GetTickCount(void);
    HMODULE WINAPI GetModuleHandleA(LPCSTR name);
    int WINAPI GetSystemMetrics(int index);
    int atoi(const char *text);
  ]]
  show("kernel32.GetTickCount()", kernel32.GetTickCount() .. " ms since the start")
  show('kernel32.GetModuleHandleA "kernel32.dll"', kernel32.GetModuleHandleA "kernel32.dll")
  local user32, msvcrt = try_to_load "user32.dll", try_to_load "msvcrt.dll"
  if user32 then
    show("user32.GetSystemMetrics(0)", user32.GetSystemMetrics(0) .. " pixels wide")
  end
  if msvcrt then
    show('msvcrt.atoi "42 apples"', msvcrt.atoi "42 apples")
  end
end

local function tour_of_mistakes()
  heading "A mistake is caught before anything is called"
  dll.cdef "int abs(int value);"
  show('dll.C.abs "five"', "an error:")
  local _, mistake = pcall(dll.C.abs, "five")
  quote(mistake)
  show("dll.C.abs(2.5)", "an error:")
  _, mistake = pcall(dll.C.abs, 2.5)
  quote(mistake)
end

local function tour_of_a_crash()
  heading "A crash in a library is only an error"
  print "   strlen is given an address where nothing is. In one process that would be the end of it."
  dll.cdef "size_t strlen(const char *text);"
  local nowhere = dll.cast("const char *", 16)
  local ok, crash = pcall(dll.C.strlen, nowhere)
  assert(not ok, "strlen should have crashed")
  quote(crash)
  print(string.format("   As data: kind = %s, func = %s, started = %s", crash.kind, crash.func, crash.started))
  show('dll.C.strlen "and on we go"', dll.C.strlen "and on we go")
end

print "This Lua runs in a 64-bit process. The libraries below are 32-bit, which a 64-bit process cannot load:"
print "they are loaded by worker32, a 32-bit process that runtime64 starts by itself and talks to."
if not on_windows then
  tour_of_linux()
end
tour_of_windows()
tour_of_mistakes()
tour_of_a_crash()
print "\nThat was the tour. Try it yourself: start runtime64 without a script and type Lua."
