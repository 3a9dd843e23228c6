-- Global variables and constants of libraries, and of dll.C.
local check = require "check"
local globals = check.library "globals"
local memory = dll.of(globals)

dll.cdef [[
  struct point { int x, y; };
  struct node { int value; struct node *next; };
  enum level { LOW = 1, MIDDLE, HIGH = 10, BELOW = -5 };
  typedef int operation(int a, int b);
  extern int global_count;
  extern double global_ratio;
  extern float global_factor;
  extern _Bool global_switch;
  extern signed char global_byte;
  extern unsigned short global_port;
  extern long long global_serial;
  extern unsigned long long global_mask;
  extern enum level global_level;
  extern const char *global_name;
  extern int *global_pointer;
  extern void *global_nothing;
  extern int global_table[4];
  extern char global_title[16];
  extern struct point global_origin;
  extern struct point global_corners[];
  extern const int global_limit;
  extern const struct point global_fixed;
  extern const char *const global_words[3];
  extern operation *global_operation;
  extern struct node *global_list;
  extern int global_missing;
  int get_global_count(void);
  double get_global_ratio(void);
  int get_global_table(int index);
  int get_global_origin(void);
  int get_global_level(void);
  int get_global_switch(void);
  int get_global_byte(void);
  int title_length(void);
  int name_length(void);
  int run_global_operation(int a, int b);
  int operation_add(int a, int b);
  int operation_multiply(int a, int b);
  static const int ANSWER = 42;
  static const double HALF = 0.5;
  #define FLAGS (1 << 4 | 2)
  #define GREETING "hello"
  enum { FIRST_CONSTANT = 100, SECOND_CONSTANT };
]]

-- Numbers are read and set in place.
local numbers = {
  { "global_count", 7, -8 }, { "global_ratio", 0.25, -1.5 }, { "global_factor", 1.5, 2.5 },
  { "global_switch", true, false }, { "global_byte", -8, 127 }, { "global_port", 8080, 65535 }, { "global_serial", 1234567890123, math.mininteger },
  { "global_mask", -1, 1 }, { "global_level", 2, 10 },
}
for _, row in ipairs(numbers) do
  local name, first, second = table.unpack(row)
  check.equal(globals[name], first, name)
  globals[name] = second
  check.equal(globals[name], second, name .. " set")
end
check.equal(globals.get_global_count(), -8, "the library sees it")
check.equal(globals.get_global_ratio(), -1.5, "the library sees it")
check.equal(globals.get_global_switch(), 0, "the library sees it")
check.equal(globals.get_global_byte(), 127, "the library sees it")
check.equal(globals.get_global_level(), 10, "the library sees it")
globals.global_level = "BELOW"
check.equal(globals.get_global_level(), -5, "an enumerator by its name")

-- Pointers: what they lead to, set and NULL.
check.equal(memory.string(globals.global_name), "the library", "a pointer to text stays a pointer")
check.equal(globals.global_nothing, nil, "NULL")
check.equal(globals.global_pointer[0], -8, "a pointer to another variable")
globals.global_pointer[0] = 70
check.equal(globals.global_count, 70, "which is the same memory")
local text = memory.new("char[?]", 6, "other")
globals.global_name = text
check.equal(globals.name_length(), 5, "set to an object")
globals.global_name = nil
check.equal(globals.name_length(), -1, "set to NULL")
check.equal(globals.global_name, nil, "NULL")
globals.global_pointer = memory.cast("int *", globals.global_table) + 2
check.equal(globals.global_pointer[0], 3, "set into an array of the library")
check.raises("type", { "global_name", "dll.new" }, function() globals.global_name = "a string" end)
check.raises("type", { "global_pointer", "int *" }, function() globals.global_pointer = memory.new "double[1]" end)

-- Arrays and structs are views of the library's memory.
check.equal(#globals.global_table, 4, "the length")
globals.global_table[3] = 44
check.equal(globals.get_global_table(3), 44, "an element set")
check.raises("range", { "int [4]", "4" }, function() return globals.global_table[4] end)
globals.global_table = { 9, 8, 7 }
check.equal(globals.get_global_table(2), 7, "all of it set")
check.equal(memory.string(globals.global_title), "title", "text")
globals.global_title = "new title"
check.equal(globals.title_length(), 9, "text set")
check.raises("range", { "17 bytes" }, function() globals.global_title = "seventeen letters" end)
local origin = globals.global_origin
origin.x = 5
check.equal(globals.get_global_origin(), 504, "a field set through a view")
globals.global_origin = { 6, 7 }
check.equal(origin.y, 7, "all of it set, seen through the view")
globals.global_origin = memory.new("struct point", 8, 9)
check.equal(globals.get_global_origin(), 809, "from an object")
check.equal(globals.global_corners[1].y, 8, "an array whose length was not declared")
check.equal(globals.global_list.next.value, 2, "a list")
check.equal(globals.global_list.next.next, nil, "its end")

-- What is const is read alone.
check.equal(globals.global_limit, 100, "a const int")
check.raises("type", { "global_limit", "const" }, function() globals.global_limit = 1 end)
check.equal(globals.global_fixed.y, 10, "a const struct")
check.raises("type", "const", function() globals.global_fixed.y = 1 end)
check.raises("type", { "global_fixed", "const" }, function() globals.global_fixed = { 1, 2 } end)
check.equal(memory.string(globals.global_words[1]), "two", "an array of const pointers")
check.equal(globals.global_words[2], nil, "NULL at its end")
check.raises("type", "const", function() globals.global_words[0] = nil end)

-- Pointers to functions are called, and set to functions of the library.
check.equal(globals.global_operation(2, 3), 5, "called")
globals.global_operation = globals.operation_multiply
check.equal(globals.run_global_operation(4, 5), 20, "set")
check.equal(globals.global_operation(4, 5), 20, "called")
globals.global_operation = nil
check.equal(globals.run_global_operation(4, 5), -1, "NULL")
check.equal(globals.global_operation, nil, "NULL")

-- Constants of declarations are fields of every library and of dll.C.
for _, library in ipairs { globals, dll.C } do
  check.equal(library.ANSWER, 42, "a static const")
  check.equal(library.HALF, 0.5, "a static const of floating point")
  check.equal(library.FLAGS, 18, "a #define")
  check.equal(library.SECOND_CONSTANT, 101, "an enumerator")
end
check.raises("type", "ANSWER", function() globals.ANSWER = 1 end)
check.raises("type", "FLAGS", function() globals.FLAGS = 1 end)
check.equal(globals.ANSWER, 42, "unchanged")

-- Mistakes.
check.raises("range", { "global_port", "65536", "65535" }, function() globals.global_port = 65536 end)
check.raises("type", { "global_count", "1.5" }, function() globals.global_count = 1.5 end)
check.raises("type", { "global_switch", "a boolean" }, function() globals.global_switch = 1 end)
check.raises("type", { "global_level", "HIHG", "did you mean 'HIGH'" }, function() globals.global_level = "HIHG" end)
check.raises("type", { "global_origin", "5" }, function() globals.global_origin = 5 end)
check.equal(globals.global_count, 70, "unchanged")
check.raises("symbol", { "global_missing", "not exported" }, function() return globals.global_missing end)
check.raises("symbol", { "global_missing", "not exported" }, function() globals.global_missing = 1 end)
check.raises("type", "operation_add", function() globals.operation_add = nil end)
check.raises("type", "global_undeclared", function() globals.global_undeclared = 1 end)

-- Variables of the C library itself.
if check.is_pe then
  dll.cdef "extern int _fmode;"
  local before = dll.C._fmode
  dll.C._fmode = before
  check.equal(dll.C._fmode, before, "of msvcrt")
else
  dll.cdef "extern char **environ; extern int opterr;"
  check.truthy(memory.string(dll.C.environ[0]):find "=", "the environment")
  check.equal(dll.C.opterr, 1, "a number")
  dll.C.opterr = 0
  check.equal(dll.C.opterr, 0, "set")
end

check.finish()
