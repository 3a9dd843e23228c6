-- The signatures that libraries really have: arrays in place, buffers, memory of the library's, pointers to pointers.
local check = require "check"
local library = check.library "signatures"
local memory = dll.of(library)

dll.cdef [[
  struct point { double x, y; };
  enum unit { METRE = 1, INCH = 254 };
  float blend(float a, double weight, _Bool inverted, float b);
  _Bool both(_Bool a, _Bool b);
  double in_metres(double length, enum unit unit);
  void scale_in_place(double *values, int count, double factor);
  int sort_in_place(int *values, int count);
  void keep_odd(short *values, int *count);
  int sum_rows(const int (*rows)[3], int count, int *sums);
  int reverse(const char *text, char *buffer, int size);
  int reverse_wide(const wchar_t *text, wchar_t *buffer, int size);
  void upper_in_place(char *text);
  char *allocate_text(int *length);
  void release(void *memory);
  int get_words(const char *const **words);
  int count_bytes(const char *const *words);
  void move_point(struct point *point, double x, double y);
  void middle(const struct point *a, const struct point *b, struct point *result);
  _Bool make_points(int count, struct point **result);
  struct point *farthest(struct point *points, int count);
  int take_number(const char **cursor);
]]

-- Numbers of several kinds.
check.equal(library.blend(1, 0.25, false, 3), 1.5, "float, double, bool, float")
check.equal(library.blend(1, 0.25, true, 3), 2.5, "the other way round")
for _, a in ipairs { true, false } do
  for _, b in ipairs { true, false } do
    check.equal(library.both(a, b), a and b, "two booleans")
  end
end
check.equal(library.in_metres(100, "INCH"), 2.54, "an enumerator by its name")
check.equal(library.in_metres(2, 1), 2.0, "by its number")

-- Arrays, in place.
local values = memory.new("double[5]", { 1, 2, 3, 4, 5 })
library.scale_in_place(values, #values, -0.5)
check.equal(values[4], -2.5, "scaled")
library.scale_in_place(values + 1, 2, 10)
check.equal(values[0], -0.5, "from the second on")
check.equal(values[2], -15.0, "two of them")
check.equal(values[3], -2.0, "and no more")
local numbers = memory.new("int[6]", { 5, 3, 9, -1, 3, 0 })
check.equal(library.sort_in_place(numbers, 6), 10, "the swaps")
local sorted = {}
for _, number in ipairs(numbers) do
  sorted[#sorted + 1] = number
end
check.equal(table.concat(sorted, " "), "-1 0 3 3 5 9", "sorted")
check.equal(library.sort_in_place(numbers, 0), 0, "nothing to sort")
local shorts, count = memory.new("short[7]", { 1, 2, 3, 4, 5, 6, 7 }), memory.new("int[1]", 7)
library.keep_odd(shorts, count)
check.equal(count[0], 4, "a length in and out")
check.equal(shorts[3], 7, "what is left")
local rows, sums = memory.new("int[2][3]", { { 1, 2, 3 }, { 4, 5, 6 } }), memory.new("int[2]")
check.equal(library.sum_rows(rows, 2, sums), 21, "an array of arrays")
check.equal(sums[1], 15, "a row")

-- Text into a buffer.
local buffer = memory.new("char[?]", 16)
check.equal(library.reverse("straw", buffer, 16), 5, "the length")
check.equal(memory.string(buffer), "warts", "reversed")
check.equal(library.reverse("much too long for it", buffer, 16), -1, "no room")
check.equal(memory.string(buffer), "warts", "untouched")
check.equal(library.reverse("", buffer, 16), 0, "nothing")
check.equal(memory.string(buffer), "", "nothing")
local wide = memory.new("wchar_t[?]", 16)
check.equal(library.reverse_wide("wägt", wide, 16), 4, "in units of wchar_t")
check.equal(wide[0], 116, "the last letter first")
check.equal(wide[2], 0xE4, "no ASCII")
check.equal(wide[4], 0, "terminated")
check.equal(library.reverse_wide("wägt", wide, 4), -1, "no room")
local text = memory.new("char[?]", 10, "lower 1a")
library.upper_in_place(text)
check.equal(memory.string(text), "LOWER 1A", "in place")

-- Allocated by the library, not terminated, released by the library.
local length = memory.new "int[1]"
local allocated = library.allocate_text(length)
check.equal(length[0], 14, "the length")
check.equal(memory.string(allocated, length[0]), "not terminated", "as long as it is")
library.release(allocated)
library.release(nil)
-- A finalizer releases what is forgotten.
for _ = 1, 100 do
  local owned = memory.gc(library.allocate_text(length), library.release)
  if memory.string(owned, 3) ~= "not" then
    error "not the text"
  end
end
collectgarbage()

-- Pointers to pointers.
local words = memory.new "const char *const *[1]"
check.equal(library.get_words(words), 3, "the count")
check.equal(memory.string(words[0][0]), "alpha", "the first")
check.equal(memory.string(words[0][2]), "gamma", "the last")
check.equal(words[0][3], nil, "the end")
check.equal(library.count_bytes(words[0]), 14, "given back")
local first, second = memory.new("char[?]", 4, "one"), memory.new("char[?]", 6, "three")
check.equal(library.count_bytes(memory.new("const char *[3]", { first, second })), 8, "a list of the script's")
local line = memory.new("char[?]", 20, "12 -7 400")
local cursor = memory.new("const char *[1]", { line })
check.equal(library.take_number(cursor), 12, "the first number")
check.equal(library.take_number(cursor), -7, "the next")
check.equal(cursor[0] - memory.cast("const char *", line), 5, "how far it came")
check.equal(library.take_number(cursor), 400, "the last")

-- Structs by their address.
local point = memory.new("struct point", 1, 2)
library.move_point(point, 0.5, -2)
check.equal(point.x, 1.5, "in and out")
check.equal(point.y, 0.0, "in and out")
local result = memory.new "struct point"
library.middle(memory.new "struct point", memory.new("struct point", { x = 4, y = -6 }), result)
check.equal(result.x, 2.0, "two in, one out")
check.equal(result.y, -3.0, "two in, one out")
library.middle(result, result, result)
check.equal(result.y, -3.0, "the same for all")
local made = memory.new "struct point *[1]"
check.equal(library.make_points(3, made), true, "made by the library")
check.equal(made[0][2].x, 2.0, "the last")
check.equal(library.farthest(made[0], 3), made[0] + 2, "a pointer into them")
check.equal(library.farthest(made[0], 3).y, -2.0, "what it points to")
check.equal(library.farthest(nil, 0), nil, "NULL")
library.release(made[0])
check.equal(library.make_points(-1, made), false, "none made")
check.equal(made[0], nil, "NULL through a parameter")

check.finish()
