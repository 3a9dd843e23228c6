-- Makes a great many calls of every kind, and waits now and then, so that it can be seen how much memory there is.
-- Arguments: the libraries, how many calls, and how often it waits.
local calls_path, callbacks_path, count, looks = ...
count, looks = tonumber(count), tonumber(looks)

dll.cdef [[
  int add(int a, int b);
  unsigned int string_checksum(const char *text);
  const char *string_echo(const char *text);
  unsigned int bytes_sum(const void *bytes, size_t length);
  struct counter { int value; };
  struct counter *counter_create(int value);
  int counter_next(struct counter *counter);
  void counter_destroy(struct counter *counter);
  struct point { int x, y; };
  struct point map_point(struct point (*map)(struct point point, int factor), struct point point, int factor);
  int visit_points(struct point *points, int count, void (*visit)(struct point *point, void *context), void *context);
  int call_int(int (*callback)(int value), int value);
]]
local calls, callbacks = dll.load(calls_path), dll.load(callbacks_path)
local made = 0

-- A spare worker that came in the middle would look like growth.
repeat calls.add(1, 2) until dll.stats().spares > 0

local function is(expected, given)
  made = made + 1
  if given ~= expected then error("expected " .. tostring(expected) .. ", got " .. tostring(given)) end
end

local function scale(point, factor) return { point.x * factor, point.y * factor } end
local function swap(point) point.x, point.y = point.y, point.x end
local function increment(value) return value + 1 end

local kinds = {
  function(n) is(n + 3, calls.add(n, 3)) end,
  function(n) local text = "text " .. n is(text, calls.string_echo(text)) end,
  function(n) is(97 * 2000, calls.bytes_sum(string.rep("a", 2000), 2000)) end,
  function(n)
    local point = callbacks.map_point(scale, { n, 2 }, 3)
    is(3 * n, point.x)
  end,
  function(n)
    local points = dll.new("struct point[2]", { { 1, 2 }, { n, 4 } })
    is(2 + 100 * 1 + 4 + 100 * n, callbacks.visit_points(points, 2, swap, nil))
  end,
  function(n) is(n + 1, callbacks.call_int(increment, n)) end,
  function(n)
    local counter = calls.counter_create(n)
    is(n, calls.counter_next(counter))
    is(n + 1, counter.value)
    is(nil, calls.counter_destroy(counter))
  end,
  function(n)
    local buffer = dll.new("char[?]", 64, "text")
    is(0x74 + 0x65 + 0x78 + 0x74, calls.bytes_sum(buffer, 64))
  end,
  function(n)
    if n % 8 == 0 then is(n + 1, dll.async(calls.add, n, 1):wait()) end
  end,
  function(n)
    if n % 8 ~= 0 then return end
    local callback = dll.callback("int (*)(int value)", increment)
    is(n + 1, callbacks.call_int(callback, n))
    callback:free()
  end,
  function(n)
    if n % 8 ~= 0 then return end
    local results = dll.batch(function(call) call(calls.add, n, 1) call(calls.add, n, 2) end)
    is(n + 1, results[1])
    is(n + 2, results[2])
  end,
  function(n)
    local ok, error = pcall(calls.add, "none", n)
    is("type", not ok and error.kind)
  end,
}

for look = 1, looks do
  while made < count // looks * look do
    local n = made % 1000
    for _, kind in ipairs(kinds) do kind(n) end
  end
  collectgarbage()
  collectgarbage()
  print("look " .. look)
  io.stdout:flush()
  io.read()
end
print("calls " .. made)
