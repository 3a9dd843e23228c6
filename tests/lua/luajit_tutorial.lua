-- The programs of the tutorial of LuaJIT's ffi library. "LuaJIT:" says where a program had to change, and why.
local check = require "check"
local calls = check.library "calls"

local ffi = require "dll"

-- Accessing standard system functions. Sleep is a stdcall function that is declared without saying so.
ffi.cdef[[
void Sleep(int ms);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
]]

local sleep
if ffi.os == "Windows" then
  function sleep(s)
    ffi.C.Sleep(s*1000)
  end
else
  function sleep(s)
    ffi.C.poll(nil, 0, s*1000)
  end
end

for i=1,3 do
  io.write("."); io.flush()
  sleep(0.002)
end
io.write("\n")

-- LuaJIT: milliseconds with a fraction are cut. Here they are refused, and floor says how they are meant.
check.raises("type", { check.is_pe and "Sleep" or "poll", "fraction" }, sleep, 0.0015)
sleep(math.floor(1.5) / 1000)
-- As there, 0 is no pointer.
if not check.is_pe then
  check.raises("type", { "poll", "argument 1" }, ffi.C.poll, 0, 0, 0)
  check.equal(ffi.C.poll(nil, 0, 0), 0, "poll")
end

-- Accessing the zlib compression library.
ffi.cdef[[
unsigned long compressBound(unsigned long sourceLen);
int compress2(uint8_t *dest, unsigned long *destLen,
	      const uint8_t *source, unsigned long sourceLen, int level);
int uncompress(uint8_t *dest, unsigned long *destLen,
	       const uint8_t *source, unsigned long sourceLen);
]]

-- A bare name finds the 32-bit zlib of a Linux system. The 64-bit one, and the one for Windows that comes with a
-- cross-compiler, are looked for in the folders that distributions have for them.
local folders = {}
if check.is_pe then
  local drive = check.fixtures:match "^(%a:)\\"
  folders = { drive and drive .. "\\usr\\i686-w64-mingw32\\lib" or "/usr/i686-w64-mingw32/lib" }
elseif check.bits == 64 then
  folders = { "/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu", "/usr/lib64", "/lib64" }
end
local found, zlib = pcall(ffi.load, ffi.os == "Windows" and "zlib1" or "z", { search = folders })

local function compress(txt)
  local n = zlib.compressBound(#txt)
  local buf = ffi.new("uint8_t[?]", n)
  local buflen = ffi.new("unsigned long[1]", n)
  local res = zlib.compress2(buf, buflen, txt, #txt, 9)
  assert(res == 0)
  return ffi.string(buf, buflen[0])
end

local function uncompress(comp, n)
  local buf = ffi.new("uint8_t[?]", n)
  local buflen = ffi.new("unsigned long[1]", n)
  local res = zlib.uncompress(buf, buflen, comp, #comp)
  assert(res == 0)
  return ffi.string(buf, buflen[0])
end

local txt = string.rep("abcd", 1000)
if found then
  local c = compress(txt)
  check.truthy(#c < 100, "the text is compressed")
  check.equal(uncompress(c, #txt), txt, "and comes back")
  check.equal(#uncompress(compress "", 1), 0, "no text")
  check.equal(math.type(zlib.compressBound(10)), "integer", "a long is a Lua integer, whatever its width")
  -- It goes to Lua's own functions without tonumber.
  check.truthy(string.rep("x", zlib.compressBound(10)) ~= "", "string.rep takes it")
else
  -- Windows itself has no zlib.
  check.truthy(check.is_pe, "zlib is missing: " .. tostring(zlib))
  check.equal(zlib.kind, "load", "and the error says so")
  print("the program for ntdll runs alone: " .. tostring(zlib))
end

-- The same shape with what every Windows has: bytes in, bytes out, a length through a pointer, a buffer to work in.
if check.is_pe then
  ffi.cdef[[
  unsigned RtlGetCompressionWorkSpaceSize(unsigned short format, unsigned *size, unsigned *fragment);
  unsigned RtlCompressBuffer(unsigned short format, const uint8_t *source, unsigned sourceLen, uint8_t *dest,
      unsigned destLen, unsigned chunk, unsigned *finalLen, void *workSpace);
  unsigned RtlDecompressBuffer(unsigned short format, uint8_t *dest, unsigned destLen, const uint8_t *source,
      unsigned sourceLen, unsigned *finalLen);
  ]]
  local ntdll = ffi.load "ntdll"
  -- It is a 32-bit library: its objects are made for the worker it is in, wherever this script's other library is.
  local nt = ffi.of(ntdll)
  local size, fragment = nt.new("unsigned[1]"), nt.new("unsigned[1]")
  check.equal(ntdll.RtlGetCompressionWorkSpaceSize(2, size, fragment), 0, "the size of the work space")
  local packed, length = nt.new("uint8_t[?]", 2 * #txt), nt.new("unsigned[1]")
  local work = nt.new("char[?]", size[0] + 1)
  check.equal(ntdll.RtlCompressBuffer(2, txt, #txt, packed, 2 * #txt, 4096, length, work), 0, "compressed")
  local unpacked, unpacked_length = nt.new("uint8_t[?]", #txt), nt.new("unsigned[1]")
  check.equal(ntdll.RtlDecompressBuffer(2, unpacked, #txt, packed, length[0], unpacked_length), 0, "uncompressed")
  check.equal(nt.string(unpacked, unpacked_length[0]), txt, "and come back")
end

-- Defining metamethods for a C type.
ffi.cdef[[
typedef struct { double x, y; } point_t;
]]

local point
local mt = {
  __add = function(a, b) return point(a.x+b.x, a.y+b.y) end,
  __len = function(a) return math.sqrt(a.x*a.x + a.y*a.y) end,
  __index = {
    area = function(a) return a.x*a.x + a.y*a.y end,
  },
}
point = ffi.metatype("point_t", mt)

-- LuaJIT: prints 3 and 4, as Lua 5.1 shows floats without a fraction.
local a = point(3, 4)
check.equal(a.x, 3.0, "a.x")
check.equal(a.y, 4.0, "a.y")
check.equal(#a, 5.0, "#a")
check.equal(a:area(), 25.0, "a:area()")
local b = a + point(0.5, 8)
check.equal(#b, 12.5, "#b")
-- They hold for every use of the type, such as an array.
local points = ffi.new("point_t[2]", { { 1, 2 }, { 3, 4 } })
check.equal((points[0] + points[1]).y, 6.0, "elements of an array")
check.equal((points + 1)[0]:area(), 25.0, "through a pointer")

-- A library in an object-oriented style: methods are its functions, and the handle is a fake type.
ffi.cdef[[
typedef struct counter_type *counter_handle;
counter_handle counter_create(int value);
int counter_next(counter_handle counter);
int counter_get(counter_handle counter);
void counter_destroy(counter_handle counter);
]]
local handle = ffi.gc(calls.counter_create(7), calls.counter_destroy)
check.equal(calls.counter_next(handle), 7, "a fake handle is passed")
check.equal(calls.counter_get(handle), 8, "and leads to the same object")

-- Translating C idioms.
ffi.cdef[[
struct foo { int field; };
int *static_ints(void);
void store_int(int *target, int value);
]]
local x, i = nil, 1
local p, array = calls.static_ints(), ffi.new("int[4]", 10, 11, 12, 13)

x = p[0]
check.equal(x, 10, "x = *p")
p[0] = 15
check.equal(calls.static_ints()[0], 15, "*p = y")
p[0] = 10

check.equal(p[i], 20, "x = p[i], a pointer")
p[i+1] = 31
check.equal(calls.static_ints()[2], 31, "p[i+1] = y, a pointer")
p[i+1] = 30

check.equal(array[i], 11, "x = a[i], an array")
array[i+1] = 22
check.equal(array[2], 22, "a[i+1] = y, an array")

local s = ffi.new("struct foo")
s.field = 5
check.equal(s.field, 5, "s.field = y; x = s.field")
local sp = ffi.cast("struct foo *", s)
check.equal(sp.field, 5, "x = sp->field")
sp.field = 6
check.equal(s.field, 6, "sp->field = y")

check.equal((p + i)[0], 20, "p + i")
check.truthy(p + i - i == p, "p - i")
check.equal((p + 2) - p, 2, "p1 - p2")
check.equal((array + i)[0], 11, "&a[i]")
check.truthy(array + 0 == ffi.cast("int *", array), "&a[0]")

-- The address is a Lua integer already; tonumber leaves it as it is. uintptr_t holds every address, intptr_t wraps.
check.equal(math.type(tonumber(ffi.cast("intptr_t", array))), "integer", "(intptr_t)p")
check.truthy(ffi.cast("int *", ffi.cast("intptr_t", array)) == array + 0, "and back")
check.equal(ffi.cast("intptr_t", array + 1) - ffi.cast("intptr_t", array), 4, "addresses count bytes")
check.equal(ffi.cast("uintptr_t", array + 1) - ffi.cast("uintptr_t", array), 4, "as unsigned too")

local len = ffi.new("int[1]", 3)
calls.store_int(len, 42)
local y = len[0]
check.equal(y, 42, "functions with outargs")

-- LuaJIT: each Lua number is passed as a double, and an integer needs ffi.new("int", n). Here an integer is passed as an
-- integer and a float as a double, so %g takes 1.0; what ffi.new makes is passed as its type in both.
ffi.cdef "int sprintf(char *buffer, const char *fmt, ...);"
local text = ffi.new("char[?]", 64)
local function formatted(...)
  local length = ffi.C.sprintf(text, ...)
  return ffi.string(text, length)
end
check.equal(formatted("%g", 1.0), "1", 'printf("%g", 1.0)')
check.equal(formatted("%g", ffi.new("double", 1)), "1", 'printf("%g", 1.0)')
check.equal(formatted("%d", ffi.new("int", 1)), "1", 'printf("%d", 1)')
check.equal(formatted("%d", 1), "1", 'printf("%d", 1), without ffi.new')
check.equal(formatted("integer value: %d\n", ffi.new("int", 12)), "integer value: 12\n", "the example of the vararg rules")

-- To cache or not to cache: both forms work; a name of a library is looked up once.
ffi.cdef[[
int add(int a, int b);
int abs(int value);
]]
local add, abs = calls.add, ffi.C.abs
local C = ffi.C
local function cached_functions(x, n)
  local sum = 0
  for i=1,n do sum = sum + abs(add(x, i)) end
  return sum
end
local function cached_namespaces(x, n)
  local sum = 0
  for i=1,n do sum = sum + C.abs(calls.add(x, i)) end
  return sum
end
check.equal(cached_functions(-3, 4), 4, "functions in locals")
check.equal(cached_namespaces(-3, 4), 4, "namespaces in locals")
check.equal(calls.add, add, "the same function each time")

check.finish()
