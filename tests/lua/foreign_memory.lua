-- Memory of the library: all that can be done with objects of dll.new, through the pointers that the library gave.
local check = require "check"
local records, lists = check.library "records", check.library "lists"
local memory = dll.of(records)

dll.cdef [[
  struct point { int x, y; };
  struct segment { struct point from, to; char name[8]; };
  struct polygon { short count; struct point points[3]; unsigned char colors[2][3]; };
  struct variant { int kind; union { int i; double d; struct { short low, high; }; const char *text; }; char after; };
  struct node { int value; struct node *next; };
  struct segment *static_segment(void);
  const struct segment *constant_segment(void);
  struct polygon *static_polygon(void);
  int polygon_sum(const struct polygon *p);
  struct variant *static_variant(void);
  void variant_set_text(struct variant *v, const char *text);
  struct point *static_points(int *count);
  int points_sum(const struct point *points, int count);
  struct point *point_null(void);
  void segment_reverse(struct segment *s);
  struct node *list_create(int count);
  int list_sum(const struct node *list);
  void list_destroy(struct node *list);
  int list_open(struct node **list, int count);
]]

-- Fields of what a pointer leads to, at any depth, read and written.
local segment = records.static_segment()
check.equal(segment.from.x, 1, "nested")
check.equal(memory.string(segment.name), "static", "an array in it")
segment.to.y = 40
check.equal(segment.to.y, 40, "written")
records.segment_reverse(segment)
check.equal(segment.from.y, 40, "the library's change is seen")
segment.from, segment.to = { 1, 2 }, { x = 3, y = 4 }
check.equal(segment.from.y + segment.to.x, 5, "tables assigned")
segment.name = "changed"
check.equal(memory.string(records.static_segment().name), "changed", "a string assigned")
segment.name = "static"

-- pointer[0] is the struct; assigning it copies all of it.
local copy = memory.new("struct segment", segment[0])
copy.from.x = 100
check.equal(segment.from.x, 1, "a copy made")
segment[0] = copy
check.equal(segment.from.x, 100, "a copy assigned")
segment[0] = { { 1, 2 }, { 3, 4 }, "static" }
check.equal(segment.from.x, 1, "from a table")
local view = segment.from
segment.from.x = 11
check.equal(view.x, 11, "a view sees the change")
view.x = 1
check.equal(segment.from.x, 1, "and makes one")

-- Arrays of structs, arrays in structs, through pointers.
local count = memory.new "int"
local points = records.static_points(count)
check.equal(count[0], 4, "an out parameter")
for index = 0, count[0] - 1 do
  check.equal(points[index].y, 10 * (index + 1), "element " .. index)
end
points[1] = points[3]
check.equal(records.points_sum(points, 4), 1 + 4 + 3 + 4 + 100 * (10 + 40 + 30 + 40), "an element copied")
points[1] = memory.new("struct point", 2, 20)
points[2] = { y = 30, x = 3 }
check.equal(records.points_sum(points, 4), 10 + 100 * 100, "as before")
local polygon = records.static_polygon()
local before = records.polygon_sum(polygon)
polygon.colors[1][2] = polygon.colors[1][2] + 1
polygon.points[2].x = 13
check.equal(records.polygon_sum(polygon), before + 6 + 10, "elements in depth")
check.equal(#polygon.points, 3, "the length of an array in it")
check.raises("range", { "struct point [3]", "3", "0 to 2" }, function() return polygon.points[3] end)
check.raises("range", { "unsigned char", "256" }, function() polygon.colors[0][0] = 256 end)
polygon.colors = { { 1, 2, 3 }, { 4, 5, 6 } }
polygon.points[2].x = 3
check.equal(records.polygon_sum(polygon), before, "as before")

-- Unions, and pointers to text that the library keeps.
local variant = records.static_variant()
variant.kind, variant.high = 1, -7
check.equal(variant.i >> 16 & 0xFFFF, 0xFFF9, "a member of an anonymous struct")
records.variant_set_text(variant, "kept by the library")
check.equal(memory.string(variant.text), "kept by the library", "text")
variant.text = nil
check.equal(variant.text, nil, "NULL")

-- A list that the library made, walked, changed, extended by nothing.
local list = lists.list_create(5)
local values, node = {}, list
while node do
  values[#values + 1] = node.value
  node = node.next
end
check.equal(table.concat(values, " "), "5 4 3 2 1", "walked to its NULL")
list.next.value = 40
check.equal(lists.list_sum(list), 51, "a node changed")
local rest = list.next.next.next
list.next.next.next = nil
check.equal(lists.list_sum(list), 5 + 40 + 3, "cut")
list.next.next.next = rest
check.equal(lists.list_sum(list), 51, "mended")
check.truthy(list.next.next == list.next.next, "the same node")
lists.list_destroy(list)

-- Through an out parameter: a pointer to a pointer.
local place = memory.new "struct node *[1]"
check.equal(lists.list_open(place, 3), 3, "an array of one pointer")
check.equal(place[0].value, 3, "what it leads to")
check.equal(place[0].next.next.next, nil, "the last")
lists.list_destroy(place[0])
local held = memory.new "struct node *"
check.equal(lists.list_open(held, 2), 2, "an object of one pointer is passed by its address")
check.equal(held.value, 2, "and used as the pointer")
check.equal(lists.list_sum(held), 3, "as an argument too")
check.equal(held[0].next.value, 1, "its element is what it leads to")
lists.list_destroy(held)

-- A node of the script among the library's: it stays as long as the script keeps it.
local own = memory.new("struct node", 100)
local tail = lists.list_create(2)
own.next = tail
check.equal(lists.list_sum(own), 103, "mixed")
own.next.next.next = nil
lists.list_destroy(tail)
own.next = own
check.truthy(own.next.next == own, "a circle")

-- What is const is only read.
local constant = records.constant_segment()
check.equal(constant.from.y, 2, "read")
check.raises("type", { "const struct segment", "const" }, function() constant.name = "x" end)
check.raises("type", { "const" }, function() constant.from.x = 1 end)
check.raises("type", { "const" }, function() constant[0] = copy end)
check.raises("type", { "const" }, function() constant.name[0] = 1 end)
check.raises("type", { "dll.write", "const" }, memory.write, constant.name, "x")
check.raises("type", { "dll.copy", "const" }, memory.copy, constant, "x")
check.raises("type", { "segment_reverse", "const struct segment *" }, records.segment_reverse, constant)
check.equal(memory.string(segment.name), "static", "unchanged")

-- NULL, and addresses where there is nothing.
check.equal(records.point_null(), nil, "a result")
local empty = memory.new "struct node *"
local raised = check.raises("memory", { "struct node *", "NULL" }, function() return empty.value end)
check.equal(raised.address, 0, "the address")
check.raises("memory", "NULL", function() empty.value = 1 end)
check.raises("memory", "NULL", function() return empty[0].value end)
local nowhere = memory.cast("struct segment *", 0x40)
raised = check.raises("memory", { "struct point", "x", "0x" }, function() return nowhere.to.x end)
check.equal(raised.address, 0x48, "the address of the field")
raised = check.raises("memory", { "0x" }, function() nowhere.from = { 1, 2 } end)
check.equal(raised.address, 0x40, "the address of the field")
raised = check.raises("memory", "0x", function() return memory.new("struct segment", nowhere[0]) end)
check.equal(raised.address, 0x40, "the address of a copy")
check.contains(tostring(nowhere), "struct segment *", "shown all the same")

-- Mistakes are those of objects.
check.raises("type", { "struct segment", "'form'", "did you mean 'from'" }, function() return segment.form end)
check.raises("type", { "'nmae'", "did you mean 'name'" }, function() segment.nmae = "x" end)
check.raises("type", { "from", "5" }, function() segment.from = 5 end)
check.raises("range", { "name", "9 bytes" }, function() segment.name = "123456789" end)
check.raises("type", { "next", "struct segment *" }, function() own.next = segment end)
check.raises("type", { "next", "5" }, function() own.next = 5 end)
check.raises("range", { "struct point", "x", "-2147483649" }, function() points[0].x = -2147483649 end)
check.raises("type", { "struct point", '"x"' }, function() points[0].x = "x" end)

check.finish()
