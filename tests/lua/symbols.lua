-- dll.symbol: anything that a library exports, by its exact name or its ordinal.
local check = require "check"
local symbols = check.library "symbols"
local library = check.path "symbols"

-- The names that both kinds of C++ compilers have; Microsoft's are those of Windows libraries alone.
local names = {
  { "_ZN7CounterC1Ei", "??0Counter@@QAE@H@Z" },
  { "_ZNK7Counter3GetEv", "?Get@Counter@@UBEHXZ" },
  { "_ZN7Counter3AddEi", "?Add@Counter@@UAEHH@Z" },
  { "_ZN7Counter5ScaleEdcx", "?Scale@Counter@@QAENND_J@Z" },
  { "_ZN7Counter5ResetEv", "?Reset@Counter@@QAEXXZ" },
  { "_ZN7Counter5CountEii", "?Count@Counter@@SAHHH@Z" },
  { "_ZN7Counter5limitE", "?limit@Counter@@2HA" },
}

dll.cdef [[
  struct counter;
  struct counter_methods {
    int (__thiscall *get)(const struct counter *self);
    int (__thiscall *add)(struct counter *self, int n);
  };
  struct counter { const struct counter_methods *methods; int value; };
  struct device { int id; char name[12]; };
]]

-- Methods: thiscall with an object, with and without arguments of every width.
for compiler = 1, check.is_pe and 2 or 1 do
  local function method(index, ty)
    return dll.symbol(symbols, names[index][compiler], ty)
  end
  local construct = method(1, "struct counter *__thiscall(struct counter *self, int value)")
  local get = method(2, "int __thiscall(const struct counter *self)")
  local add = method(3, "int __thiscall(struct counter *self, int n)")
  local scale = method(4, "double __thiscall(struct counter *self, double factor, char c, long long offset)")
  local reset = method(5, "void __thiscall(struct counter *self)")
  local counter = dll.new "struct counter"
  check.truthy(construct(counter, 5) == counter, "a constructor gives its object")
  check.equal(get(counter), 5, "no arguments but the object")
  check.equal(add(counter, -7), -2, "one more argument")
  check.equal(counter.value, -2, "in the object's memory")
  check.equal(scale(counter, 1.5, 2, 1 << 40), -3.0 + 2 + (1 << 40), "arguments of several widths")
  reset(counter)
  check.equal(get(counter), 0, "no result")
  check.equal(method(6, "int(int from, int to)")(3, 10), 7, "a static method is an ordinary function")
  -- Through the table of virtual methods.
  check.equal(counter.methods.add(counter, 4), 4, "a virtual method")
  check.equal(counter.methods.get(counter), 4, "a virtual method without arguments")
  -- A stack that moved by a few bytes a call would be noticed by now.
  for index = 1, 1000 do
    if add(counter, 1) ~= 4 + index or scale(counter, 0, 1, index) ~= 1.0 + index then
      error("wrong result in call " .. index)
    end
  end
  check.equal(get(counter), 1004, "after thousands of calls")

  -- They are called by the name that the source has.
  check.contains(tostring(add), { "int __thiscall Counter::Add(struct counter *self, int n)", names[3][compiler] })
  check.contains(dll.describe(add), "Counter::Add")
  local raised = check.raises("range", { "Counter::Add: argument 2 (int n)" }, add, counter, 1 << 40)
  check.equal(raised.func, "Counter::Add", "the function of the error")
  check.raises("type", { "Counter::Add", "takes 2 arguments; got 1" }, add, counter)

  -- A static member of the class.
  local limit = method(7, "int")
  check.equal(limit[0], 1000, "a static member")
end

-- Microsoft's names tell the convention: it stands in for one that is left out, and contradicts a wrong one.
if check.decorates then
  local add = dll.symbol(symbols, "?Add@Counter@@UAEHH@Z", "int(struct counter *self, int n)")
  local counter = dll.new("struct counter", { value = 1 })
  check.equal(add(counter, 2), 3, "thiscall, as the name says")
  check.raises("convention", { "Counter::Add", "Thiscall" }, dll.symbol, symbols, "?Add@Counter@@UAEHH@Z",
    "int __stdcall(struct counter *self, int n)")
  local stdcall = check.library("symbols", { convention = "stdcall" })
  check.equal(dll.symbol(stdcall, "?Count@Counter@@SAHHH@Z", "int(int, int)")(1, 3), 2, "and comes before the library's")
end

-- A declaration may name such a symbol, too.
local microsoft = check.is_pe and 2 or 1
dll.cdef(([[
  int __thiscall counter_add(struct counter *self, int n) asm("%s");
  int counter_count(int from, int to) asm("%s");
]]):format(names[3][microsoft], names[6][microsoft]))
check.equal(symbols.counter_add(dll.new("struct counter", { value = 1 }), 2), 3, "a method by its declaration")
check.equal(symbols.counter_count(1, 3), 2, "a static method by its declaration")

-- A plain name is looked for decorated, too; one that is decorated is not.
local subtract = dll.symbol(symbols, "symbol_subtract", "int __stdcall(int a, int b)")
check.equal(subtract(9, 4), 5, "a plain name")
check.contains(tostring(subtract), "int __stdcall symbol_subtract(int a, int b)")
if check.decorates then
  local exact = dll.exports(symbols, "symbol_subtract")[1].decorated
  check.equal(dll.symbol(symbols, exact, "int(int, int)")(9, 4), 5, "the decorated name tells the convention")
  check.raises("convention", { "4 bytes", "specifies 8" }, dll.symbol, symbols, exact, "int(int)")
  check.raises("convention", "Stdcall", dll.symbol, symbols, exact, "int __cdecl(int, int)")
  check.raises("symbol", { "'symbol_subtract@4' is not exported", exact .. ", ordinal" }, dll.symbol, symbols,
    "symbol_subtract@4", "int __stdcall(int)")
end

-- The type: a text, a typedef, a type, another function.
dll.cdef "typedef int counting(int from, int to); int device_id(const struct device *device);"
local count = names[6][1]
for _, ty in ipairs { "int (int, int)", "int(int from, int to)", "counting", dll.typeof "counting", dll.typeof "int(int, int)" } do
  check.equal(dll.symbol(symbols, count, ty)(1, 2), 1, tostring(ty))
end
check.equal(dll.symbol(symbols, "device_id", symbols.device_id)(nil), -1, "another function's type")

-- What is bound is a function like any other.
check.equal(pcall(subtract, 1), false, "arguments are counted")
local pointer = dll.cast("int (__stdcall *)(int, int)", subtract)
check.equal(pointer(8, 1), 7, "a pointer to it")

-- Variables: a view of the library's memory, as its variables are.
dll.cdef [[
  extern int device_count;
  extern struct device devices[4];
  extern struct device *const default_device;
  int sum_of_numbers(void);
]]
local device_count = dll.symbol(symbols, "device_count", "int")
check.equal(device_count[0], 2, "a number")
check.equal(device_count + 1, 3, "which counts as its value")
device_count[0] = 3
check.equal(symbols.device_count, 3, "set in the library")
symbols.device_count = 2
check.equal(device_count[0], 2, "and seen from there")
local devices = dll.symbol(symbols, "devices", "struct device[4]")
check.equal(#devices, 4, "an array")
check.equal(dll.string(devices[1].name), "second", "a field")
devices[2] = { 3, "third" }
check.equal(dll.string(symbols.devices[2].name), "third", "set in the library")
check.equal(symbols.device_id(devices + 2), 3, "passed to a function")
check.raises("range", "4", function() return devices[4] end)
check.equal(dll.symbol(symbols, "devices", "struct device[]")[2].id, 3, "an array of any length")
local first = dll.symbol(symbols, "devices", dll.typeof "struct device")
check.equal(first.id, 1, "a struct")
check.raises("range", "does not fit", function() first.name = "longer than twelve" end)
local default = dll.symbol(symbols, "default_device", "struct device *const")
check.equal(default.id, 2, "a pointer is followed")
check.equal(symbols.default_device.id, 2, "also as a variable")
check.raises("type", "const", function() default[0] = nil end)
check.equal(dll.string(dll.symbol(symbols, "library_version", "const char[]")), "1.2.3", "text")
check.raises("type", "const", function() dll.symbol(symbols, "library_version", "const char[6]")[0] = 0 end)
check.truthy(dll.symbol(symbols, "devices", "struct device") == devices, "the same place")

if check.is_pe then
  -- By ordinal: what has no name at all, and what has one.
  local by_ordinal = dll.symbol(symbols, 40, "int(int a, int b)")
  check.equal(by_ordinal(3, 4), 304, "a function without a name")
  check.equal(dll.symbol(symbols, 41.0, "const char *(void)")(), "by ordinal", "a float without a fraction")
  check.equal(dll.symbol(symbols, 11, "int __thiscall(struct counter *self, int n)")(dll.new("struct counter", { value = 2 }), 3), 5,
    "a method by its ordinal")
  local numbers = dll.symbol(symbols, 42, "int[3]")
  check.equal(numbers[2], 9, "a variable without a name")
  numbers[2] = 10
  check.equal(symbols.sum_of_numbers(), 25, "set in the library")
  local row = dll.exports(symbols, "^device_count$")[1]
  check.equal(dll.symbol(symbols, row.ordinal, "int")[0], 2, "the ordinal that dll.exports tells")

  -- Messages say which library's ordinal it is.
  check.equal(tostring(by_ordinal), library .. ": int #40(int a, int b)", "tostring")
  local raised = check.raises("type", { library .. ": #40: argument 2 (int b)", "1.5" }, by_ordinal, 1, 1.5)
  check.equal(raised.func, "#40", "the function of the error")
  check.equal(raised.library, library, "the library of the error")
  check.raises("type", { library .. ": int #40(int a, int b) takes 2 arguments" }, by_ordinal)

  -- Forwarders, by name and by ordinal.
  dll.cdef "int WINAPI forwarded_length(const char *text);"
  check.equal(symbols.forwarded_length "eight ch", 8, "a declared function")
  check.equal(dll.symbol(symbols, "forwarded_length", "int __stdcall(const char *)") "four", 4, "by its name")
  check.equal(dll.symbol(symbols, 50, "int __stdcall(int, int, int)")(7, 6, 2), 21, "by its ordinal")

  -- Ordinals that lead nowhere: in a gap, after the last.
  local used, first, last = {}, math.maxinteger, 0
  for _, row in ipairs(dll.exports(symbols)) do
    used[row.ordinal] = true
    first, last = math.min(first, row.ordinal), math.max(last, row.ordinal)
  end
  check.truthy(used[11] and used[40] and not used[35], "ordinals as the fixture has them")
  for _, ordinal in ipairs { 35, last + 1, 65535 } do
    raised = check.raises("symbol", { "nothing is exported as #" .. ordinal, ("%d to %d"):format(first, last) },
      dll.symbol, symbols, ordinal, "int(void)")
    check.equal(raised.func, "#" .. ordinal, "the function of the error")
  end
  check.raises("symbol", { "#35", "dll.exports" }, dll.symbol, symbols, 35, "int[2]")
  for _, ordinal in ipairs { 0, -1, 65536, math.mininteger, 2.0 ^ 70 } do
    check.raises("range", "dll.symbol", dll.symbol, symbols, ordinal, "int(void)")
  end
  check.raises("type", "1.5", dll.symbol, symbols, 1.5, "int(void)")
else
  check.equal(dll.symbol(symbols, "by_ordinal", "int(int, int)")(3, 4), 304, "names alone")
  check.raises("symbol", { "libsymbols.so", "only Windows libraries have ordinals" }, dll.symbol, symbols, 1, "int(void)")
end

-- What is not exported: the exports of the same name, or a similar one.
local raised = check.raises("symbol", { "'_ZN7Counter3AddEd' is not exported", "_ZN7Counter3AddEi", "Counter::Add(int)" },
  dll.symbol, symbols, "_ZN7Counter3AddEd", "void(void)")
check.equal(raised.func, "Counter::Add", "the function of the error")
check.equal(raised.library, library, "the library of the error")
check.raises("symbol", { "'Counter::Add' is not exported", "_ZN7Counter3AddEi" }, dll.symbol, symbols, "Counter::Add", "void(void)")
check.raises("symbol", { "device_cuont", "did you mean 'device_count'?" }, dll.symbol, symbols, "device_cuont", "int")
check.raises("symbol", { "no_such_symbol", "looked for", "_no_such_symbol", "dll.exports" }, dll.symbol, symbols, "no_such_symbol", "int(void)")
if check.is_pe then
  check.raises("symbol", { "?Add@Counter@@UAEHN@Z", "?Add@Counter@@UAEHH@Z, ordinal 11", "Counter::Add(int)" },
    dll.symbol, symbols, "?Add@Counter@@UAEHN@Z", "void(void)")
end

-- Wrong types and arguments.
check.raises("declaration", "itn", dll.symbol, symbols, "device_count", "itn")
check.raises("declaration", "int(", dll.symbol, symbols, "device_count", "int(")
check.raises("declaration", { "device_count", "void" }, dll.symbol, symbols, "device_count", "void")
check.raises("declaration", { "devices", "elements" }, dll.symbol, symbols, "devices", "struct device[?]")
check.raises("type", "dll.symbol", dll.symbol, symbols, "device_count", nil)
check.raises("type", "dll.symbol", dll.symbol, symbols, "device_count", 7)
check.raises("type", "dll.load", dll.symbol, {}, "device_count", "int")
check.raises("type", "dll.load", dll.symbol, library, "device_count", "int")
for _, wrong in ipairs { true, {}, print, "", "zero\0inside", "\xff" } do
  check.raises("type", "dll.symbol", dll.symbol, symbols, wrong, "int")
end
check.raises("type", "dll.symbol", dll.symbol, symbols)
check.raises("range", "65536", dll.symbol, symbols, ("x"):rep(65537), "int")
check.raises("symbol", "not exported", dll.symbol, symbols, ("x"):rep(60000), "int")

-- Undeclared names of C++ and of variables: what to write.
local function unknown(name)
  return check.raises("declaration", { name, "not declared" }, function() return symbols[name] end)
end
check.contains(unknown "library_version", "extern int library_version;")
check.contains(unknown "_ZN7Counter5ResetEv", { "Counter::Reset()", "dll.symbol(library, \"_ZN7Counter5ResetEv\"" })
if check.is_pe then
  local suggested = tostring(unknown "?Reset@Counter@@QAEXXZ"):match "dll%.symbol%(.*$"
  local reset = load("local library = ...; return " .. suggested)(symbols)
  check.contains(tostring(reset), "int __thiscall Counter::Reset(void *self)", "what it says is to be written")
end

-- When the worker dies, functions are found again in the next one; views are of the memory that is gone.
local bad = check.library "misbehaviour"
local write_null = dll.symbol(bad, "write_null", "void(void)")
local message = check.is_pe and dll.symbol(symbols, 41, "const char *(void)") or dll.symbol(symbols, "text_by_ordinal", "const char *(void)")
device_count[0] = 9
check.raises("crash", { "write_null", "misbehaviour" }, write_null)
check.equal(message(), "by ordinal", "found again")
if check.is_pe then
  local ordinal = dll.exports(bad, "^write_null$")[1].ordinal
  local crash = check.raises("crash", ("%s: #%d crashed"):format(check.path "misbehaviour", ordinal),
    dll.symbol(bad, ordinal, "void(void)"))
  check.equal(crash.func, "#" .. ordinal, "the function of the error")
end
check.equal(subtract(9, 4), 5, "found again, decorated")
check.raises("stale", "int", function() return device_count[0] end)
check.equal(dll.symbol(symbols, "device_count", "int")[0], 2, "a new view, of the new worker's memory")

-- dll.C has names alone.
check.equal(dll.symbol(dll.C, "abs", "int(int)")(-3), 3, "a function of the C library")
check.raises("type", "several libraries", dll.symbol, dll.C, 1, "int(void)")

check.finish()
