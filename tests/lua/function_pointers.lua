-- Pointers to functions: in structs, as results, made by dll.cast, and given to the library.
local check = require "check"
local globals = check.library "globals"
local memory = dll.of(globals)

dll.cdef [[
  struct shape;
  typedef int operation(int a, int b);
  typedef int (__stdcall *stdcall_operation)(int a, int b);
  struct shape_methods {
    int (*area)(const struct shape *shape);
    void (*scale)(struct shape *shape, int factor);
    const char *(*name)(void);
    stdcall_operation subtract;
    operation *steps[2];
    void (*missing)(void);
  };
  struct shape { const struct shape_methods *methods; int width, height; };
  struct shape *shape_create(int width, int height);
  void shape_destroy(struct shape *shape);
  operation *choose_operation(const char *name);
  stdcall_operation choose_stdcall_operation(void);
  int apply_operation(operation *chosen, int a, int b);
  void open_operation(operation **place);
  int operation_add(int a, int b);
  int operation_multiply(int a, int b);
  double sum_of_doubles(int count, ...);
]]

-- The members of a table of functions, as objects in C have them.
local shape = globals.shape_create(3, 4)
local methods = shape.methods
check.equal(methods.area(shape), 12, "called through the table")
methods.scale(shape, 2)
check.equal(shape.width, 6, "what it did")
check.equal(shape.methods.area(shape), 48, "called in one go")
check.equal(methods.name(), "rectangle", "a result of const char * is a string")
check.equal(methods.subtract(50, 8), 42, "stdcall")
check.equal(methods.steps[0](2, 3), 5, "an element of an array")
check.equal(methods.steps[1](2, 3), 6, "an element of an array")
check.equal(methods.missing, nil, "NULL")
check.raises("type", "const", function() methods.area = nil end)

-- With a metatype the table looks like methods.
memory.metatype("struct shape", {
  __index = function(self, name)
    return function(_, ...) return self.methods[name](self, ...) end
  end,
})
check.equal(shape:area(), 48, "a method")
shape:scale(10)
check.equal(shape.height, 80, "a method with an argument")
globals.shape_destroy(shape)

-- As results, and as arguments.
local add = globals.choose_operation "add"
check.equal(add(20, 22), 42, "a result called")
check.equal(globals.choose_operation "nothing", nil, "NULL")
check.equal(globals.apply_operation(add, 1, 2), 3, "given back")
check.equal(globals.apply_operation(globals.operation_multiply, 3, 4), 12, "a function of the library")
check.equal(globals.apply_operation(nil, 1, 2), -1, "nil is NULL")
check.equal(globals.choose_stdcall_operation()(10, 3), 7, "a stdcall result")
check.truthy(globals.choose_operation "add" == add, "the same place")
check.contains(tostring(add), { "operation *", "0x" }, "shown")
local place = memory.new "operation *[1]"
globals.open_operation(place)
check.equal(place[0](6, 7), 42, "through an out parameter")

-- Stored by the script: in structs, arrays, and objects of one pointer.
local own = memory.new("struct shape_methods", { steps = { globals.operation_add, add } })
check.equal(own.steps[0](1, 2), 3, "a function in a table")
check.equal(own.steps[1](1, 2), 3, "a pointer in a table")
own.steps[1] = globals.operation_multiply
check.equal(own.steps[1](3, 5), 15, "an element set")
own.steps[1] = nil
check.equal(own.steps[1], nil, "NULL")
local held = memory.new("operation *", globals.operation_add)
check.equal(held(4, 5), 9, "an object of one pointer is called")
check.equal(globals.apply_operation(held, 4, 5), 9, "and passed")

-- dll.cast makes them of addresses; a type with a convention calls with it.
local address = memory.cast("uintptr_t", globals.choose_stdcall_operation())
check.equal(memory.cast("stdcall_operation", address)(9, 1), 8, "of an address")
check.equal(memory.cast("int (*)(int, int)", memory.cast("void *", add))(1, 1), 2, "through void *")
check.equal(memory.cast("double (*)(int, ...)", globals.sum_of_doubles)(2, 0.5, 1.0), 1.5, "a variable number of arguments")

-- Arguments are checked as those of functions that have a name.
check.raises("type", { "operation *", "int b", '"2"' }, add, 1, "2")
check.raises("range", { "2147483648" }, add, 1, 1 << 31)
check.raises("type", { "2", "1" }, add, 1)
check.raises("type", { "2", "3" }, add, 1, 2, 3)
check.raises("type", { "int (*)(const struct shape *shape)", "struct point" }, function()
  dll.cdef "struct point { int x, y; };"
  local other = globals.shape_create(1, 1)
  return other.methods.area(memory.new "struct point")
end)

-- Functions of another type are refused; those of Lua are callbacks.
local other_type = memory.cast("double (*)(double)", add)
check.raises("type", { "apply_operation", "double (*)" }, globals.apply_operation, other_type, 1, 2)
check.equal(globals.apply_operation(function(a, b) return a + b end, 1, 2), 3, "a function of Lua")
check.raises("type", { "apply_operation", "5" }, globals.apply_operation, 5, 1, 2)

-- What is no function is not called; where there is none, the call is a crash that the script survives.
check.raises("type", { "int" }, function() return memory.new "int"() end)
check.raises("type", { "int *" }, function() return memory.cast("int *", memory.new "int")() end)
check.raises("memory", { "NULL" }, function() return memory.new "operation *"(1, 2) end)
local crash = check.raises("crash", {}, memory.cast("operation *", 16), 1, 2)
check.equal(crash.started, "yes", "it had started")
check.raises("stale", { "operation *", "its worker has exited" }, add, 1, 2)
check.equal(globals.choose_operation "add"(1, 2), 3, "the next worker")

check.finish()
