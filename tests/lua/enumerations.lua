-- Enumerations: constants, types with their enumerators as fields, values by name and by number.
local check = require "check"
local records = check.library "records"
local memory = dll.of(records)

dll.cdef [[
  enum level { LOW = 1, MIDDLE, HIGH = 10, BELOW = -5 };
  enum unsigned_level { NOTHING, ALL = 0xFFFFFFFF };
  typedef enum { NORTH, EAST, SOUTH = EAST + 5, WEST } direction;
  struct reading { enum level level; enum level history[3]; };
  int record_size(const char *type);
  void reading_raise(struct reading *r);
]]

-- Enumerators are constants of every library, and of dll.C.
check.equal(records.LOW, 1, "given")
check.equal(records.MIDDLE, 2, "one more than the one before")
check.equal(records.BELOW, -5, "negative")
check.equal(records.SOUTH, 6, "computed")
check.equal(records.WEST, 7, "after what was computed")
check.equal(dll.C.HIGH, 10, "through dll.C")
check.raises("type", "HIGH", function() records.HIGH = 3 end)
check.raises("declaration", "NORHT", function() return records.NORHT end)

-- The type has them as fields.
local Level = memory.typeof "enum level"
check.equal(Level.HIGH, 10, "a field")
check.equal(memory.typeof("direction").EAST, 1, "through a typedef")
check.raises("type", { "enum level", "HIHG", "did you mean 'HIGH'" }, function() return Level.HIHG end)
check.raises("type", { "enum level", "NORTH" }, function() return Level.NORTH end)
dll.cdef "struct painted { enum { GLOSSY = 3, MATT } paint; struct { enum { THICK = 8 } coat; } inner; };"
check.equal(memory.typeof("struct painted").MATT, 4, "so has a struct those of its members")
check.raises("type", "struct painted", function() return memory.typeof("struct painted").paint end)
check.equal(memory.sizeof(Level), records.record_size "enum level", "the size")

-- Fields take names or numbers, and give integers.
local reading = memory.new("struct reading", { level = "LOW", history = { "HIGH", 2, "BELOW" } })
check.equal(reading.level, 1, "by name")
check.equal(reading.history[0], 10, "an element by name")
check.equal(reading.history[1], 2, "an element by number")
check.equal(reading.history[2], -5, "a negative one")
reading.level = "MIDDLE"
check.equal(reading.level, 2, "written by name")
reading.level = Level.HIGH
check.equal(reading.level, 10, "written by constant")
records.reading_raise(reading)
check.equal(reading.level, records.BELOW, "what the library wrote")
check.equal(reading.history[0], records.HIGH, "an element that the library wrote")
check.contains(tostring(reading), { "level = ", "history = {" }, "shown")

-- An object of an enumeration, and an unsigned one.
local level = memory.new("enum level", "HIGH")
check.equal(level[0], 10, "its value")
check.equal(memory.tonumber(level), 10, "as a number")
check.equal(memory.new("enum unsigned_level", "ALL")[0], 0xFFFFFFFF, "an enumerator that needs all bits")
check.equal(memory.cast("int", level), 10, "cast to an integer")
check.equal(memory.cast("enum level", 2), 2, "an integer cast to it")

-- A number that is no enumerator is a value all the same, as in C; a name that is none is a mistake.
reading.level = 77
check.equal(reading.level, 77, "any integer in range")
check.raises("type", { "struct reading", "level", "HIHG", "did you mean 'HIGH'" }, function() reading.level = "HIHG" end)
check.raises("type", { "struct reading", "level", "1.5" }, function() reading.level = 1.5 end)
check.raises("range", { "level", tostring(1 << 40) }, function() reading.level = 1 << 40 end)
check.raises("type", { "level", "true" }, function() reading.level = true end)
check.raises("type", { "enum level", "'NORTH'" }, memory.new, "enum level", "NORTH")
check.equal(reading.level, 77, "unchanged")

-- Declared twice alike is fine, differently not; a name stands for one constant.
dll.cdef "enum level { LOW = 1, MIDDLE, HIGH = 10, BELOW = -5 };"
check.raises("declaration", "enum level", dll.cdef, "enum level { LOW = 2, MIDDLE, HIGH = 10, BELOW = -5 };")
check.raises("declaration", "LOW", dll.cdef, "enum other { LOW };")
check.raises("declaration", "enum unheard_of", memory.new, "enum unheard_of")

check.finish()
