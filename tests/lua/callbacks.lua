-- Callbacks: Lua functions that the library calls, for the time of one call or for as long as it likes.
local check = require "check"
local library = check.library "callbacks"
local memory = dll.of(library)

-- Scalars, at the ends of their ranges: the callback is given the value, and what it gives is the result.
-- { name, C type, the value given, the value taken }
local long_bits = check.bits == 64 and not check.is_pe and 64 or 32
local word = check.bits == 64 and -1 or 0xFFFFFFFF
local scalars = {
  { "char", "char", 97, 98 },
  { "signed_char", "signed char", -128, 127 },
  { "unsigned_char", "unsigned char", 255, 0 },
  { "short", "short", -32768, 32767 },
  { "unsigned_short", "unsigned short", 65535, 1 },
  { "int", "int", -2147483648, 2147483647 },
  { "unsigned_int", "unsigned int", 4294967295, 5 },
  { "long", "long", -1 << (long_bits - 1), (1 << (long_bits - 1)) - 1 },
  { "unsigned_long", "unsigned long", long_bits == 64 and -1 or 4294967295, 7 },
  { "long_long", "long long", math.mininteger, math.maxinteger },
  { "unsigned_long_long", "unsigned long long", -1, math.mininteger },
  { "float", "float", 0.5, -1.25 },
  { "double", "double", 1 / 3, -5e-324 },
  { "bool", "_Bool", true, false },
  { "bool", "_Bool", false, true },
  { "int8", "int8_t", -128, 127 },
  { "uint8", "uint8_t", 255, 128 },
  { "int16", "int16_t", -32768, -1 },
  { "uint16", "uint16_t", 65535, 32768 },
  { "int32", "int32_t", -1, -2147483648 },
  { "uint32", "uint32_t", 2147483648, 4294967295 },
  { "int64", "int64_t", -(1 << 40), 1 << 40 },
  { "uint64", "uint64_t", math.mininteger, -1 },
  { "size", "size_t", word, 1 },
  { "color", "enum color", 5, 6 },
}
dll.cdef "enum color { RED, GREEN = 5, BLUE };"
for _, row in ipairs(scalars) do
  local name, type, given, taken = table.unpack(row, 1, 4)
  dll.cdef(string.format("%s call_%s(%s (*callback)(%s value), %s value);", type, name, type, type, type))
  local seen, count
  local result = library["call_" .. name](function(...)
    seen, count = ..., select("#", ...)
    return taken
  end, given)
  check.equal(count, 1, "the number of arguments of a callback over " .. type)
  check.equal(seen, given, "given to a callback over " .. type)
  check.equal(result, taken, "taken from a callback over " .. type)
end

-- No value is lost on the way: numbers are rounded to the width of float, integers become floats, NaN stays one.
check.equal(library.call_float(function(value) return value end, 0.1), string.unpack("<f", string.pack("<f", 0.1)), "0.1")
check.equal(library.call_double(function() return 3 end, 0), 3.0, "an integer for a double")
check.equal(library.call_int(function() return 4.0 end, 0), 4, "a float without a fraction for an int")
check.equal(library.call_double(function() return 0 / 0 end, 0), 0 / 0, "not a number")
check.equal(library.call_color(function() return "BLUE" end, 0), 6, "an enumerator by its name")

dll.cdef [[
  void *call_pointer(void *(*callback)(void *value), void *value);
  void call_void(void (*callback)(void), int times);
  double call_mix(double (*callback)(char a, double b, short c, long long d, float e, unsigned char f, int g, _Bool h,
                                     unsigned short i, double j, unsigned long long k, signed char l));
  long long call_14(long long (*callback)(int, int, int, int, int, int, int, int, int, int, int, int, int, int));
  double call_10_doubles(double (*callback)(double, double, double, double, double, double, double, double, double, double));
]]
local place = memory.new "int[2]"
check.truthy(library.call_pointer(function(pointer)
  return memory.cast("char *", pointer) + 4
end, place) == place + 1, "a pointer in and out")
check.equal(library.call_pointer(function(pointer) return pointer end, nil), nil, "NULL in and out")
check.truthy(library.call_pointer(function() return place end, nil) == memory.cast("void *", place), "an object as its address")
local times = 0
library.call_void(function(...) times = times + 1 + select("#", ...) end, 1000)
check.equal(times, 1000, "a callback without arguments and result")
-- What a function of no result gives is nobody's business.
library.call_void(function() return 1, "two" end, 1)

local arguments
check.equal(library.call_mix(function(...)
  arguments = table.pack(...)
  return 42.5
end), 42.5, "of every width")
local expected = { 97, 0.5, -3, 1 << 40, 1.25, 200, -7, true, 65535, -0.125, -1, -128 }
check.equal(arguments.n, #expected, "how many")
for index, value in ipairs(expected) do
  check.equal(arguments[index], value, "argument " .. index)
end
check.equal(library.call_14(function(...)
  local sum = 0
  for index, value in ipairs { ... } do
    sum = sum + index * value
  end
  return sum
end), 1015, "more than there are registers")
check.equal(library.call_10_doubles(function(...)
  local sum = 0
  for index, value in ipairs { ... } do
    sum = sum + index * value
  end
  return sum
end), 357.5, "more doubles than there are registers")

-- Conventions, thousands of times: a stack that moved would be noticed.
dll.cdef [[
  struct point { int x, y; };
  int call_stdcall(int (__stdcall *callback)(int a, int b), int times);
  long long call_stdcall_mix(long long (__stdcall *callback)(char a, long long b, double c, short d));
  int call_fastcall(int (__fastcall *callback)(int a, int b, int c, int d), int times);
  int call_thiscall(int (__thiscall *callback)(struct point *self, int a, int b), struct point *self, int times);
]]
check.equal(library.call_stdcall(function(a, b) return a * b end, 1000), 3 * 499500, "stdcall")
check.equal(library.call_stdcall_mix(function(a, b, c, d)
  return a + b + math.tointeger(c * 4) + d
end), 98 + (1 << 33) + 1 - 5, "stdcall, of mixed widths")
check.equal(library.call_fastcall(function(a, b, c, d) return a + b + c + d end, 1000), 499500 + 1110000, "fastcall")
local self = memory.new("struct point", 3, 4)
check.equal(library.call_thiscall(function(point, a, b)
  point.x = point.x + 1
  return point.y + a + b
end, self, 1000), 499500 + 11000, "thiscall")
check.equal(self.x, 1003, "what it did to its object")

-- Strings: every char * of a callback is a pointer, which dll.string reads.
dll.cdef [[
  int call_with_string(int (*callback)(const char *text), const char *text);
  int call_with_wide_string(int (*callback)(const wchar_t *text));
  int call_to_fill(void (*callback)(char *buffer, int size));
  int call_for_string(const char *(*callback)(void));
]]
local text
check.equal(library.call_with_string(function(pointer)
  text = memory.string(pointer)
  return #text
end, "twelve bytes"), 12, "a string in")
check.equal(text, "twelve bytes", "its bytes")
check.equal(library.call_with_string(function(pointer) return pointer == nil and -5 or 0 end, nil), -5, "NULL is nil")
check.equal(library.call_with_wide_string(function(wide)
  return wide[0] + wide[1] * 1000 + wide[4]
end), 119 + 0xE4 * 1000, "a wide string in")
check.equal(library.call_to_fill(function(buffer, size)
  memory.copy(buffer, "filled")
  return size
end), 6, "a buffer of the library's filled")
local answer = memory.new("char[?]", 8, "answer")
check.equal(library.call_for_string(function() return answer end), 6, "a string out, in an object that the script keeps")
check.equal(library.call_for_string(function() return nil end), -1, "nil is NULL")

-- A comparison.
dll.cdef [[ void sort(void *base, size_t count, size_t size, int (*compare)(const void *a, const void *b)); ]]
local numbers = memory.new("int[?]", 500)
for index = 0, 499 do
  numbers[index] = index * 7919 % 500 - 250
end
library.sort(numbers, 500, 4, function(a, b)
  return memory.cast("const int *", a)[0] - memory.cast("const int *", b)[0]
end)
for index = 0, 499 do
  if numbers[index] ~= index - 250 then
    error("not sorted at " .. index)
  end
end
dll.cdef "typedef int __cdecl comparison(const void *, const void *); void qsort(void *, size_t, size_t, comparison *);"
dll.C.qsort(numbers, 500, 4, function(a, b)
  return memory.cast("const int *", b)[0] - memory.cast("const int *", a)[0]
end)
check.equal(numbers[0], 249, "sorted by the C library")
check.equal(numbers[499], -250, "sorted by the C library")

-- Structs: by their address, by value, and as a result.
dll.cdef [[
  struct quad { struct point corners[4]; };
  int visit_points(struct point *points, int count, void (*visit)(struct point *point, void *context), void *context);
  struct point map_point(struct point (*map)(struct point point, int factor), struct point point, int factor);
  struct quad map_quad(struct quad (*map)(struct quad quad), struct quad quad);
  int sum_found_point(struct point *(*find)(int id), int id);
]]
local points = memory.new("struct point[4]", { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 } })
local visited = 0
check.equal(library.visit_points(points, 4, function(point, context)
  visited = visited + memory.cast("int *", context)[0]
  point.x = point.x * 10
  point.y = 1
end, memory.new("int", 5)), 100 + 400, "by their address")
check.equal(visited, 20, "the context arrives")
check.equal(points[3].x, 40, "changed in place")
local mapped = library.map_point(function(point, factor)
  local result = memory.new("struct point", point.x * factor, point.y * factor)
  -- The argument is the callback's own copy.
  point.x = 0
  return result
end, memory.new("struct point", 3, -4), 5)
check.equal(mapped.x, 15, "by value")
check.equal(mapped.y, -20, "by value")
local quad = library.map_quad(function(quad)
  quad.corners[0] = quad.corners[3]
  quad.corners[3] = { 9, 8 }
  return quad
end, memory.new("struct quad", { { { 1, 2 }, { 3, 4 }, { 5, 6 }, { 7, 8 } } }))
check.equal(quad.corners[0].x, 7, "a large one by value")
check.equal(quad.corners[3].x, 9, "a large one by value")
check.equal(quad.corners[2].y, 6, "the rest of it")
local found = memory.new("struct point", 20, 22)
check.equal(library.sum_found_point(function(id) return id == 1 and found or nil end, 1), 42, "a pointer as the result")
check.equal(library.sum_found_point(function(id) return id == 1 and found or nil end, 2), -1, "NULL as the result")

-- An image that the library owns, painted by the script.
dll.cdef "int sum_image(int width, int height, void (*paint)(uint8_t *pixels, int width, int height));"
local sum = 0
check.equal(library.sum_image(64, 48, function(pixels, width, height)
  local rows = {}
  for y = 0, height - 1 do
    local row = {}
    for x = 0, width - 1 do
      local index = y * width + x
      row[x + 1] = string.char(index % 251)
      sum = sum + index % 251 * (index % 7 + 1)
    end
    rows[y + 1] = table.concat(row)
  end
  memory.write(pixels, table.concat(rows))
  pixels[0] = 100
  sum = sum + 100
end), sum, "the image")

-- Handlers that the library keeps.
dll.cdef [[
  typedef int (*handler)(int code);
  void set_handler(handler handler);
  void clear_handler(void);
  handler get_handler(void);
  handler echo_handler(handler handler);
  int fire(int code);
  int fire_twice(int code);
  int fire_given(handler handler, int code);
  int fire_global(int code);
  extern handler global_handler;
  int fire_with_function(int (*callback)(handler next, int code), int code);
]]
local handler = memory.callback("handler", function(code) return code * 2 end)
check.contains(tostring(handler), "0x", "shown")
library.set_handler(handler)
check.equal(library.fire(21), 42, "kept and called later")
check.equal(library.fire_twice(1), 2 + 4000, "called twice")
check.equal(library.fire_given(handler, 4), 8, "given to another function")
check.equal(library.get_handler()(5), 10, "the pointer comes back, and is called from here")
check.equal(handler(6), 12, "the callback is called as any function pointer")
check.truthy(library.echo_handler(handler) == library.get_handler(), "it has one address")
library.clear_handler()
check.equal(library.fire(1), -1, "no handler")
library.set_handler(handler)
library.set_handler(nil)
check.equal(library.fire(1), -1, "nil is NULL")
check.equal(library.fire_given(nil, 1), -1, "nil is NULL")
library.set_handler(handler)

-- Another function behind the same pointer.
handler:set(function(code) return code + 100 end)
check.equal(library.fire(1), 101, "another function")
handler:set(math.abs)
check.equal(library.fire(-7), 7, "a function of Lua's library")

-- It stays as long as it is not freed, whether or not the script keeps it.
library.set_handler(memory.callback("handler", function(code) return code - 1 end))
collectgarbage()
collectgarbage()
check.equal(library.fire(8), 7, "nobody but the library keeps it")
handler:free()
handler:free()

-- dll.cast makes one, too; a function type is as good as a pointer to it.
local cast = memory.cast("handler", function(code) return code * 3 end)
library.set_handler(cast)
check.equal(library.fire(3), 9, "dll.cast")
cast:set(function(code) return code * 4 end)
check.equal(library.fire(3), 12, "set")
cast:free()
local plain = memory.callback("int (int code)", function(code) return -code end)
check.equal(library.fire_given(plain, 5), -5, "a function type")
plain:free()
check.equal(library.fire_given(memory.callback("int (*)(int)", math.abs), -5), 5, "a type without a name")

-- <close> frees it at the end of a block.
do
  local closed <close> = memory.callback("handler", function() return 77 end)
  library.set_handler(closed)
  check.equal(library.fire(0), 77, "inside the block")
  library.clear_handler()
end

-- In variables of the library, in structs and in arrays.
local stored = memory.callback("handler", function(code) return code + 0.0 end)
check.equal(library.global_handler, nil, "no handler")
library.global_handler = stored
check.equal(library.fire_global(11), 11, "in a variable")
library.global_handler = nil
check.equal(library.fire_global(11), -1, "NULL in a variable")
dll.cdef [[
  struct handlers {
    int (*opened)(int id); void (*closed)(int id); double (*scaled)(double value);
    int (__stdcall *checked)(int a, int b); int last;
  };
  int use_handlers(struct handlers *handlers, int id);
  void keep_handlers(const struct handlers *handlers);
  int use_kept_handlers(int id);
  int last_of_kept_handlers(void);
]]
local events = {}
local opened = memory.callback("int (*)(int)", function(id)
  events[#events + 1] = "opened " .. id
  return 1000
end)
local closed = memory.callback("void (*)(int)", function(id) events[#events + 1] = "closed " .. id end)
local scaled = memory.callback("double (*)(double)", function(value) return value * 4 end)
local checked = memory.callback("int (__stdcall *)(int, int)", function(a, b) return a - b end)
local handlers = memory.new("struct handlers", { opened = opened, closed = closed })
check.equal(library.use_handlers(handlers, 3), 9, "two of four")
check.equal(table.concat(events, ", "), "opened 3, closed 3", "in order")
handlers.scaled, handlers.checked, handlers.closed = scaled, checked, nil
check.equal(library.use_handlers(handlers, 5), 7, "three of four")
check.equal(handlers.last, 1000 + 22 + 4, "what they gave")
check.equal(handlers.scaled(0.5), 2.0, "called from here")
library.keep_handlers(handlers)
handlers = nil
collectgarbage()
check.equal(library.use_kept_handlers(6), 7, "kept by the library")
check.equal(library.last_of_kept_handlers(), 1000 + 26 + 5, "what they gave")

-- Structs with a callback each.
dll.cdef [[
  struct rule { const char *name; int threshold; int (*apply)(const struct rule *rule, int value); };
  int apply_rules(const struct rule *rules, int count, int value);
]]
local double = memory.callback("int (*)(const struct rule *, int)", function(_, value) return value * 2 end)
local cut = memory.callback("int (*)(const struct rule *, int)", function(rule, value)
  return value - rule.threshold + #memory.string(rule.name)
end)
local rules = memory.new("struct rule[4]", {
  { apply = double }, { threshold = 5, apply = cut }, { threshold = 0 }, { threshold = 1000, apply = double },
})
local name = memory.new("char[?]", 4, "cut")
rules[1].name = name
check.equal(library.apply_rules(rules, 4, 10), 18, "one after the other")
check.equal(library.apply_rules(rules, 4, 2), 4, "below a threshold")

-- A callback that is given a function, of the library's or of the script's own.
check.equal(library.fire_with_function(function(next, code) return next(code) + 1 end, 5), 1006, "a function of the library's")

-- Ten thousand of them, each with a value of its own.
dll.cdef [[ int set_many(int index, handler handler); int fire_many(int index, int code); long long fire_all(int code); ]]
local many = {}
for index = 0, 9999 do
  many[index] = memory.callback("handler", function(code) return index * code end)
  if library.set_many(index, many[index]) ~= index then
    error("not set: " .. index)
  end
end
check.equal(library.fire_many(0, 7), 0, "the first")
check.equal(library.fire_many(4321, 3), 12963, "one in the middle")
check.equal(library.fire_many(9999, 2), 19998, "the last")
check.equal(library.fire_all(1), 49995000, "all of them")
for index = 0, 9999, 2 do
  many[index]:free()
  library.set_many(index, nil)
end
check.equal(library.fire_all(1), 25000000 - 5000, "half of them freed")
for index = 1, 9999, 2 do
  many[index]:free()
  library.set_many(index, nil)
end
-- What was freed makes room for others.
for round = 1, 20000 do
  local short <close> = memory.callback("handler", function(code) return code + round end)
  if round % 5000 == 0 then
    check.equal(library.fire_given(short, 1), round + 1, "one of many that live shortly")
  end
end

-- Transient ones, many times over: nothing is used up.
for round = 1, 20000 do
  if library.fire_given(function(code) return code + round end, 1) ~= round + 1 then
    error("wrong result in round " .. round)
  end
end
check.equal(library.fire_given(function(code) return code end, 9), 9, "after thousands of transient ones")

-- Error numbers: what the library had set is there after the callback, whatever that did in the meantime.
dll.cdef [[
  int errno_across(int value, void (*callback)(void));
  void errno_after(int value, void (*callback)(void));
  unsigned int last_error_across(unsigned int value, void (*callback)(void));
  void last_error_after(unsigned int value, void (*callback)(void));
]]
check.equal(library.errno_across(34, function() collectgarbage() end), 34, "errno stays through a callback")
check.equal(memory.errno(), 34, "and is that of the call")
library.errno_after(33, function() end)
check.equal(memory.errno(), 33, "errno set after the callback")
check.equal(library.last_error_across(1234, function() collectgarbage() end), 1234, "GetLastError stays")
if check.is_pe then
  library.last_error_after(87, function() end)
  check.equal((memory.lasterror()), 87, "GetLastError set after the callback")
end

check.finish()
