-- Types that leave a length open: [?] as an array and at the end of a struct, and trailing arrays as headers have them.
local check = require "check"
local lists = check.library "lists"
local memory = dll.of(lists)

dll.cdef [[
  struct blob { int length; unsigned char bytes[]; };
  struct open_blob { int length; unsigned char bytes[?]; };
  struct old_blob { int length; unsigned char bytes[0]; };
  struct legacy { int count; int values[1]; };
  int blob_size(void);
  int blob_sum(const struct blob *b);
  struct blob *blob_create(int length);
  void blob_destroy(struct blob *b);
  struct legacy *legacy_create(int count);
  void legacy_destroy(struct legacy *l);
]]

-- Arrays of open length.
local array = memory.new("int[?]", 5)
check.equal(#array, 5, "its length")
check.equal(memory.sizeof(array), 20, "its size")
check.equal(memory.sizeof("int[?]", 7), 28, "the size of so many")
array[4] = 9
check.raises("range", { "5", "0 to 4" }, function() array[5] = 1 end)
local Doubles = memory.typeof "double[?]"
check.equal(Doubles(3, 1, 2, 3)[2], 3.0, "a type called: the length, then the values")
check.equal(Doubles(3, { 1, 2, 3 })[1], 2.0, "a table")
check.equal(#Doubles(0), 0, "none at all")
local rows = memory.new("int[?][3]", 2, { { 1, 2, 3 }, { 4, 5, 6 } })
check.equal(rows[1][0], 4, "rows")
check.equal(memory.sizeof(rows), 24, "the size of rows")
local points = memory.new("struct { int x, y; }[?]", 2, { { 1, 2 }, { 3, 4 } })
check.equal(points[1].y, 4, "structs")

-- A struct that ends with [?] takes the count.
local open = memory.new("struct open_blob", 4, { 4, { 1, 2, 3, 4 } })
check.equal(#open.bytes, 4, "the length of its array")
check.equal(open.bytes[3], 4, "its last element")
check.equal(memory.sizeof(open), 8, "its size")
check.equal(memory.sizeof("struct open_blob", 4), 8, "the size of a type with so many")
check.equal(lists.blob_sum(memory.cast("struct blob *", open)), 10, "the library reads it")
check.raises("range", { "4", "0 to 3" }, function() open.bytes[4] = 1 end)
check.equal(memory.offsetof("struct open_blob", "bytes"), 4, "the offset of the array")
check.equal(#memory.new("struct open_blob", 0).bytes, 0, "none at all")
local named = memory.new("struct open_blob", 3, { length = 3, bytes = "abc" })
check.equal(lists.blob_sum(memory.cast("struct blob *", named)), 97 + 98 + 99, "by name, a string")

-- [] and [0] keep to their memory: none behind an object, all that there is behind a pointer.
check.equal(memory.sizeof "struct blob", lists.blob_size(), "the array has no size of its own")
check.equal(memory.sizeof "struct old_blob", 4, "[0] neither")
local flat = memory.new("struct blob", 3)
check.equal(flat.length, 3, "an object of it")
check.raises("range", { "0" }, function() return flat.bytes[0] end)
local raw = memory.new("uint8_t[?]", 4 + 6)
local blob = memory.cast("struct blob *", raw)
blob.length = 6
for index = 0, 5 do
  blob.bytes[index] = index + 1
end
check.equal(lists.blob_sum(blob), 21, "laid over bytes that there are")
check.equal(raw[9], 6, "the last of them")
check.raises("range", { "6" }, function() blob.bytes[6] = 1 end)
check.raises("range", { "-1" }, function() return blob.bytes[-1] end)
local old = memory.cast("struct old_blob *", raw)
check.equal(old.bytes[5], 6, "[0] reads the same")
check.raises("range", { "6" }, function() return old.bytes[6] end)

-- Of the library's memory nobody knows the end.
local created = lists.blob_create(5)
check.equal(created.length, 5, "the header")
check.equal(created.bytes[4], 7, "the last element")
created.bytes[4] = 0
check.equal(lists.blob_sum(created), 28, "written")
check.equal(memory.string(created.bytes, 2), "\7\7", "as bytes")
-- So it has no length, and no loop goes over it.
check.raises("type", { "unsigned char []", "length" }, function() return #created.bytes end)
check.raises("type", { "unsigned char []" }, ipairs, created.bytes)
lists.blob_destroy(created)

-- [1] at the end means as many as there are.
local squares = lists.legacy_create(10)
check.equal(squares.values[9], 81, "beyond [1] through a pointer")
squares.values[9] = 100
check.equal(squares.values[9], 100, "written there")
lists.legacy_destroy(squares)
local legacy = memory.cast("struct legacy *", memory.new("int[4]", { 3, 10, 20, 30 }))
check.equal(legacy.values[2], 30, "within memory of the script")
check.raises("range", { "3" }, function() return legacy.values[3] end)
local single = memory.new("struct legacy", 1, { 5 })
check.equal(single.values[0], 5, "an object has the one")
check.raises("range", { "1" }, function() return single.values[1] end)

-- Mistakes.
check.raises("declaration", "number of elements", memory.new, "int[?]")
check.raises("type", { "number of elements", '"5"' }, memory.new, "int[?]", "5")
check.raises("type", { "number of elements" }, memory.new, "int[?]", -1)
check.raises("type", { "number of elements", "1.5" }, memory.new, "int[?]", 1.5)
check.raises("declaration", "number of elements", memory.new, "struct open_blob")
check.raises("range", { "got 4" }, memory.new, "int[?]", 3, { 1, 2, 3, 4 })
check.raises("range", { "bytes" }, memory.new, "struct open_blob", 2, { 2, "abc" })
check.raises("declaration", "open_blob", memory.sizeof, "struct open_blob")
check.raises("declaration", "last", dll.cdef, "struct wrong { int values[]; int after; };")
check.raises("declaration", "last", dll.cdef, "struct wrong { int values[?]; int after; };")
check.raises("memory", { "dll.new" }, memory.new, "double[?]", 1 << 60)
check.raises("declaration", "open_blob", memory.new, "struct open_blob[2]")
check.raises("declaration", "open_blob", dll.cdef, "struct holder { struct open_blob inner; };")

check.finish()
