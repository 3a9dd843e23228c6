-- Pointers: objects that only the library understands, handed out, kept, and given back.
local check = require "check"
local calls = check.library "calls"

dll.cdef [[
  typedef struct counter counter;
  struct other;
  counter *counter_create(int value);
  int counter_get(const counter *c);
  void counter_set(counter *c, int value);
  int counter_next(struct counter *c);
  void counter_destroy(counter *c);
  void *echo_pointer(void *value);
  void *pointer_null(void);
  _Bool pointer_is_null(const void *pointer);
  char *string_writable(void);
]]

local first, second = calls.counter_create(10), calls.counter_create(20)
check.equal(type(first), "userdata", "a pointer is userdata")
check.equal(calls.counter_get(first), 10, "the first")
check.equal(calls.counter_get(second), 20, "the second")
calls.counter_set(first, 11)
check.equal(calls.counter_next(first), 11, "set, then got")
check.equal(calls.counter_get(first), 12, "and changed by the library")
check.equal(calls.counter_get(second), 20, "the second is untouched")

-- Equality is that of addresses.
local echoed = calls.echo_pointer(first)
check.truthy(echoed == first, "the same address is equal")
check.truthy(first ~= second, "different addresses are not")
check.truthy(first ~= nil, "a pointer is not nil")
check.equal(calls.counter_get(echoed), 12, "void * goes where any pointer is expected")

-- Shown with its type and address.
check.contains(tostring(first), { "counter *", "0x" }, "tostring")
check.equal(#tostring(echoed):match "0x(%x+)", check.bits // 4, "as many digits as the worker's pointers have")

-- NULL is nil, both ways.
check.equal(calls.pointer_null(), nil, "NULL result")
check.equal(calls.pointer_is_null(nil), true, "nil argument")
check.equal(calls.pointer_is_null(first), false, "a pointer argument")
check.equal(calls.echo_pointer(nil), nil, "nil there and back")
check.equal(calls.counter_get(nil), -1, "nil for a structure")

-- A pointer to something else is a mistake, unless one says that it is right.
local text = calls.string_writable()
check.raises("type", { "counter_get", "counter *", "char *" }, calls.counter_get, text)
check.truthy(dll.cast("counter *", text) == text, "a cast keeps the address")
check.contains(tostring(dll.cast("const struct other *", first)), "other *", "a cast changes the type")
check.equal(calls.counter_get(dll.cast("counter *", calls.echo_pointer(second))), 20, "a cast pointer is used")
check.raises("declaration", "no_such_type", dll.cast, "no_such_type *", first)

-- An address that is nothing can be made, and reading there is an error, not a crash.
local nowhere = dll.cast("char *", 16)
local raised = check.raises("memory", { "dll.string", "0x00000010" }, dll.string, nowhere)
check.equal(raised.address, 16, "the address of the error")
check.equal(calls.counter_get(first), 12, "the worker goes on, pointers stay good")

calls.counter_destroy(first)
calls.counter_destroy(second)
check.finish()
