-- Functions with a variable number of arguments: what follows is passed as C promotes it.
local check = require "check"
local globals = check.library "globals"
local memory = dll.of(globals)

dll.cdef [[
  int sum_of_ints(int count, ...);
  double sum_of_doubles(int count, ...);
  long long sum_of_long_longs(int count, ...);
  double weigh_kinds(const char *kinds, ...);
  int format_into(char *buffer, int size, const char *format, ...);
  int sprintf(char *buffer, const char *format, ...);
  int sscanf(const char *text, const char *format, ...);
]]

-- As many as there are, none included.
check.equal(globals.sum_of_ints(0), 0, "none")
check.equal(globals.sum_of_ints(3, 1, 2, 3), 6, "three")
local many = {}
for index = 1, 30 do
  many[index] = index
end
check.equal(globals.sum_of_ints(30, table.unpack(many)), 465, "thirty")
check.equal(globals.sum_of_doubles(3, 0.5, 0.25, 1.0), 1.75, "floats are doubles")
for index = 1, 12 do
  many[index] = index + 0.5
end
check.equal(globals.sum_of_doubles(12, table.unpack(many, 1, 12)), 84.0, "a dozen of them")
check.equal(globals.sum_of_ints(2, -5, -2147483648 + 5), -2147483648, "negative ones")

-- Integers of 32 bits go as such, larger ones as 64 bits; C data as its own type, promoted.
check.equal(globals.sum_of_long_longs(2, 1 << 40, -(1 << 41)), -(1 << 40), "large ones")
local five, six = memory.new("int64_t", 5), memory.new("long long", 6)
check.equal(globals.sum_of_long_longs(2, five, six), 11, "told to be 64 bits wide")
check.equal(globals.sum_of_ints(2, memory.new("int", 5), memory.new("int", -6)), -1, "objects of int")
local short, byte = memory.new("short", -7), memory.new("unsigned char", 200)
check.equal(globals.sum_of_ints(2, short, byte), 193, "narrow ones are promoted")
check.equal(globals.sum_of_ints(2, memory.new("unsigned", 4294967295), 1), 0, "unsigned, with the same bits")
check.equal(globals.sum_of_doubles(2, memory.new("float", 0.5), memory.new("double", 1)), 1.5, "float becomes double")
check.equal(globals.sum_of_ints(2, true, false), 1, "booleans are ints")

-- Of every kind in one call.
check.equal(globals.weigh_kinds("idsip", 1, 0.5, "four", -2, nil), 1 + 1.0 + 12 - 8 + 0.0, "mixed")
check.equal(globals.weigh_kinds("ldlp", 1 << 33, 0.25, memory.new("int64_t", 3), memory.new "int[1]"),
  (1 << 33) + 0.5 + 9.0 + 4, "64 bits among others, an object as its address")
check.equal(globals.weigh_kinds("spp", "", memory.nullptr, memory.cast("char *", memory.new "char[2]")), 3.0, "pointers")

-- Text is formatted as C does.
local buffer = memory.new("char[?]", 100)
local function formatted(...)
  local length = globals.format_into(buffer, 100, ...)
  return memory.string(buffer), length
end
check.equal((formatted "plain"), "plain", "no arguments")
check.equal((formatted("%d %s %.2f", 42, "text", 1.5)), "42 text 1.50", "three kinds")
check.equal((formatted("%s|%5d|%-5d|%05d", "a b", 7, 8, 9)), "a b|    7|8    |00009", "widths")
check.equal((formatted("%c%c", 72, 105)), "Hi", "characters")
local ones, large = memory.new("unsigned", 0xFFFFFFFF), memory.new("unsigned", 4000000000)
check.equal((formatted("%x %u", ones, large)), "ffffffff 4000000000", "unsigned")
check.equal((formatted("%s", memory.new("char[?]", 4, "obj"))), "obj", "text in an object")
check.equal((formatted("%.*f", 3, 2 / 3)), "0.667", "a precision")
check.equal(select(2, formatted("%d", 123456)), 6, "the length")
check.equal((formatted("%%")), "%", "a percent sign")

-- Through the C library: on Windows msvcrt's.
check.equal(dll.C.sprintf(memory.cast("char *", buffer), "%s-%d-%g", "x", -1, 0.5), 8, "sprintf")
check.equal(memory.string(buffer), "x--1-0.5", "what it wrote")
local number, word = memory.new "int[1]", memory.new "char[16]"
check.equal(dll.C.sscanf("25 words", "%d %15s", number, word), 2, "sscanf")
check.equal(number[0], 25, "a number read")
check.equal(memory.string(word), "words", "a word read")
if not check.is_pe then
  dll.cdef "int snprintf(char *buffer, size_t size, const char *format, ...);"
  check.equal(dll.C.snprintf(buffer, 5, "%d", 1234567), 7, "snprintf")
  check.equal(memory.string(buffer), "1234", "cut to the buffer")
  check.equal(dll.C.snprintf(nil, 0, "%s %lld", "length of", 1 << 40), 23, "how long it would be")
end
dll.cdef "int printf(const char *format, ...);"
check.equal(dll.C.printf("%s has %d bytes, %.2f KiB\n", "file", 1536, 1.5), 30, "printf")

-- The parameters that have names are checked as ever; what follows must mean something to C.
check.raises("type", { "sum_of_ints", "int count", '"1"' }, globals.sum_of_ints, "1", 1)
check.raises("type", { "sum_of_ints", "1" }, globals.sum_of_ints)
check.raises("type", { "format_into", "format" }, globals.format_into, buffer, 100, 5)
check.raises("type", { "sum_of_ints", "argument 3", "table" }, globals.sum_of_ints, 2, 1, {})
check.raises("type", { "sum_of_ints", "argument 2", "function" }, globals.sum_of_ints, 1, print)
check.raises("type", { "argument 4", "thread" }, globals.format_into, buffer, 100, "%d", coroutine.create(print))
check.raises("type", { "argument 4", "zero" }, globals.format_into, buffer, 100, "%s", "a\0b")

check.finish()
