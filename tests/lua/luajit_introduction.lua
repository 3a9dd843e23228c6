-- The programs of the introduction to LuaJIT's ffi library. "LuaJIT:" says where a program had to change, and why.
local check = require "check"
local calls = check.library "calls"

local ffi = require "dll"

check.equal(ffi, dll, "the module is the global dll")
check.equal(require "dll", ffi, "and loaded once")

-- Calling external C functions.
ffi.cdef[[
int printf(const char *fmt, ...);
int sprintf(char *buffer, const char *fmt, ...);
int fflush(void *stream);
]]
check.equal(ffi.C.printf("Hello %s!", "world"), 12, "printf")
ffi.C.printf("\n")
-- The worker's stream is written before the last line of this script is.
check.equal(ffi.C.fflush(nil), 0, "fflush")
local line = ffi.new("char[?]", 64)
check.equal(ffi.C.sprintf(line, "Hello %s!", "world"), 12, "sprintf")
check.equal(ffi.string(line), "Hello world!", "what printf has written")

-- A message box is declared and found, but not shown: nobody would close it. Its convention is told by the library.
ffi.cdef[[
int MessageBoxA(void *w, const char *txt, const char *cap, int type);
]]
if check.is_pe then
  check.contains(tostring(ffi.C.MessageBoxA), "int MessageBoxA(void *", "a function of user32")
else
  check.raises("symbol", { "dll.C", "MessageBoxA" }, function() return ffi.C.MessageBoxA end)
end

-- Using C data structures: the image, first as tables, then as C data.
local N, ROUNDS = 20 * 20, 3

local function ramp_of_tables(n)
  local img = {}
  local f = 255/(n-1)
  for i=1,n do
    img[i] = { red = 0, green = math.floor((i-1)*f), blue = 0, alpha = 255 }
  end
  return img
end

local function tables_to_grey(img, n)
  for i=1,n do
    local y = math.floor(0.3*img[i].red + 0.59*img[i].green + 0.11*img[i].blue)
    img[i].red = y; img[i].green = y; img[i].blue = y
  end
end

ffi.cdef[[
typedef struct { uint8_t red, green, blue, alpha; } rgba_pixel;
]]

-- LuaJIT: numbers are cut to integers where they are stored. Here one with a fraction is refused, so floor stays.
local floor = math.floor

local function image_ramp_green(n)
  local img = ffi.new("rgba_pixel[?]", n)
  local f = 255/(n-1)
  for i=0,n-1 do
    img[i].green = floor(i*f)
    img[i].alpha = 255
  end
  return img
end

local function image_to_grey(img, n)
  for i=0,n-1 do
    local y = floor(0.3*img[i].red + 0.59*img[i].green + 0.11*img[i].blue)
    img[i].red = y; img[i].green = y; img[i].blue = y
  end
end

local expected, img = ramp_of_tables(N), image_ramp_green(N)
check.equal(#img, N, "the number of pixels")
check.equal(ffi.sizeof(img), 4 * N, "four bytes for each")
check.equal(img[N - 1].green, 255, "the end of the ramp")
for i = 1, ROUNDS do
  tables_to_grey(expected, N)
  image_to_grey(img, N)
end
local same = 0
for i = 0, N - 1 do
  local pixel, wanted = img[i], expected[i + 1]
  if pixel.red == wanted.red and pixel.green == wanted.green and pixel.blue == wanted.blue and pixel.alpha == 255 then
    same = same + 1
  end
end
check.equal(same, N, "pixels that are the same in both programs")

local refused = check.raises("type", { "rgba_pixel", "green", "0.5", "fraction" }, function() img[1].green = 0.5 end)
check.equal(refused.kind, "type", "a fraction is an error")
img[1].green = 7.0
check.equal(img[1].green, 7, "a float without a fraction is stored")

-- Libraries are called beside it, with the same data.
ffi.cdef "unsigned int bytes_sum(const void *bytes, size_t length);"
check.equal(calls.bytes_sum(ffi.new("rgba_pixel[2]", { { 1, 2, 3, 4 }, { 5, 6, 7, 8 } }), 8), 36, "pixels as bytes")

check.finish()
