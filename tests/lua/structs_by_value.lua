-- Structs and unions by value: as arguments, as results, of every size that a convention treats in its own way.
local check = require "check"
local library = check.library "signatures"
local memory = dll.of(library)

dll.cdef [[
  struct point { double x, y; };
  struct four_points { struct point points[4]; };
  struct some_points { int count; const struct point *points; };
  struct pixel { uint8_t red, green, blue; };
  struct span { float low, high; };
  union word { int number; float ratio; uint8_t bytes[4]; };
  struct tagged { char tag; double value; };
  double length_around_four(struct four_points shape);
  double length_around(struct some_points shape);
  struct four_points square_around(struct point centre, double half);
  struct point add_points(struct point a, struct point b);
  struct pixel mix_pixels(struct pixel a, struct pixel b);
  struct span widen(struct span span, float by);
  union word word_of_bytes(uint8_t a, uint8_t b, uint8_t c, uint8_t d);
  int number_of_word(union word word);
  struct tagged retag(struct tagged tagged, char tag);
  double weigh_mixed(char a, struct pixel b, int c, struct point d, struct span e, union word f, double g);
]]

-- Four points: more than any register holds.
local rectangle = memory.new("struct four_points", { { { 0, 0 }, { 3, 0 }, { 3, 2 }, { 0, 2 } } })
check.equal(library.length_around_four(rectangle), 10.0, "four points in")
check.equal(rectangle.points[2].y, 2.0, "the argument is untouched")
local square = library.square_around(memory.new("struct point", 10, 20), 2.5)
check.equal(square.points[0].x, 7.5, "four points out")
check.equal(square.points[2].y, 22.5, "four points out")
check.equal(library.length_around_four(square), 20.0, "a result as an argument")
check.truthy(memory.istype("struct four_points", square), "an object of its type")

-- A count and a pointer.
local points = memory.new("struct point[5]", { { 0, 0 }, { 1, 0 }, { 1, 1 }, { 0, 1 }, { 0, 0 } })
local shape = memory.new("struct some_points", 4, points)
check.equal(library.length_around(shape), 4.0, "a count and a pointer")
shape.count = 0
check.equal(library.length_around(shape), 0.0, "none")

-- Each result is an object of its own, that stays.
local sum = library.add_points(memory.new("struct point", 1, 2), memory.new("struct point", 10, 20))
local another = library.add_points(sum, sum)
check.equal(sum.x, 11.0, "the first result")
check.equal(another.y, 44.0, "the second result")
sum.x = 0
check.equal(another.x, 22.0, "they share nothing")

-- Three bytes, two floats, one word, a gap behind the first member.
local mixed = library.mix_pixels(memory.new("struct pixel", 10, 255, 0), memory.new("struct pixel", 20, 253, 1))
check.equal(mixed.red, 15, "three bytes")
check.equal(mixed.green, 254, "three bytes")
check.equal(mixed.blue, 0, "three bytes")
local span = library.widen(memory.new("struct span", -1, 1), 0.5)
check.equal(span.low, -1.5, "two floats")
check.equal(span.high, 1.5, "two floats")
local word = library.word_of_bytes(0, 0, 0x80, 0x3F)
check.equal(word.number, 0x3F800000, "a union")
check.equal(word.ratio, 1.0, "a union")
check.equal(library.number_of_word(word), 0x3F800000, "a union in")
local tagged = library.retag(memory.new("struct tagged", 97, 1.25), 98)
check.equal(tagged.tag, 98, "a gap")
check.equal(tagged.value, 2.5, "behind a gap")

-- Among others.
local pixel = memory.new("struct pixel", 1, 2, 3)
check.equal(library.weigh_mixed(1, pixel, 10, memory.new("struct point", 100, 200), span,
  memory.new("union word", 1000), 0.5), 1 + 12 + 30 + 1200 + 0.0 + 6000 + 3.5, "among others")

-- A part of an object, an element, what a pointer leads to: a copy goes along.
check.equal(library.add_points(square.points[0], points[2]).x, 8.5, "a part and an element")
local pointer = memory.cast("struct point *", points)
check.equal(library.add_points(pointer[1], (pointer + 2)[0]).y, 1.0, "through a pointer")

-- A table stands for a struct, as it does in an object that it initialises.
check.equal(library.add_points({ 1, 2 }, { x = 3, y = 4 }).y, 6.0, "tables")
check.equal(library.number_of_word({ number = -5 }), -5, "a table for a union")

-- Mistakes name function, parameter and what was given.
check.raises("type", { "add_points", "struct point b", "struct span" }, library.add_points, points[0], span)
check.raises("type", { "add_points", "struct point a", "nil" }, library.add_points, nil, points[0])
check.raises("type", { "add_points", "struct point b" }, library.add_points, points[0], "text")
check.raises("type", { "add_points", "2", "1" }, library.add_points, points[0])
check.equal(library.add_points(points[2], points[2]).x, 2.0, "and all is well")

check.finish()
