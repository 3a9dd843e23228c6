-- What is measured of runtime64: each row is a function that makes as many calls as it is told.
local path = ...

dll.cdef [[
  int add(int a, int b);
  uint64_t sum(const void *bytes, size_t length);
  double copy_and_sum(size_t length, int rounds);
  void bubblesort(double *values, int count);
  int *counter(void);
  int text_length(const char *text);
  void crash(void);
  int process(void);
  int call_back(int (*callback)(int), int count);
  struct sample { int x, y; double weight; };
  struct sample shifted(struct sample sample, int by);
]]

local library = dll.load(path)
local add, sum, bubblesort, text_length = library.add, library.sum, library.bubblesort, library.text_length
local rows = {}

function rows.add(count)
  for _ = 1, count do
    add(2, 3)
  end
end

-- The times of calls made one a second, after two that are not counted.
function rows.sparse(count)
  local times = {}
  for index = -1, count do
    sleep()
    local start = clock()
    add(2, 3)
    times[index] = clock() - start
  end
  return table.move(times, 1, count, 1, {})
end

local mebibyte = string.rep("\1", 1 << 20)

function rows.mebibyte(count)
  for _ = 1, count do
    sum(mebibyte, 1 << 20)
  end
end

-- In one process: the worker's own.
function rows.one_process(rounds)
  return library.copy_and_sum(1 << 20, rounds)
end

local values = dll.new("double[10]", { 9, 8, 7, 6, 5, 4, 3, 2, 1, 0 })

function rows.sort(count)
  for _ = 1, count do
    bubblesort(values, 10)
  end
end

local numbers = dll.new("int[10]")

function rows.read_element(count)
  local number
  for _ = 1, count do
    number = numbers[3]
  end
  return number
end

function rows.write_element(count)
  for index = 1, count do
    numbers[3] = index
  end
end

dll.cdef "typedef struct { int x, y; double weight; } SAMPLE;"
local Sample = dll.metatype("SAMPLE", {
  __index = {
    total = function(sample)
      return sample.x
    end,
  },
})
local sample = Sample(1, 2, 0.5)

function rows.read_field(count)
  local number
  for _ = 1, count do
    number = sample.x
  end
  return number
end

function rows.write_field(count)
  for index = 1, count do
    sample.y = index
  end
end

-- The method reads one field.
function rows.method(count)
  local number
  for _ = 1, count do
    number = sample:total()
  end
  assert(number == 1)
end

function rows.make(count)
  for index = 1, count do
    Sample(index)
  end
end

-- One crossing for all.
local function write_batch(call)
  for index = 1, 64 do
    call(add, index, 3)
  end
end

function rows.batch(count)
  for _ = 1, count do
    dll.batch(write_batch)
  end
end

local call_back, shifted = library.call_back, library.shifted

local function same(number)
  return number
end

-- So many callbacks in one call.
local kept = dll.callback("int (*)(int)", same)

function rows.callback(count)
  call_back(kept, count)
end

-- A call with a function that lives as long as the call, and is called once.
function rows.transient_callback(count)
  for _ = 1, count do
    call_back(same, 1)
  end
end

local by_value = dll.new("struct sample", 1, 2, 0.5)

function rows.by_value(count)
  for _ = 1, count do
    shifted(by_value, 1)
  end
end

function rows.future(count)
  for _ = 1, count do
    dll.async(add, 2, 3):wait()
  end
end

local foreign = library.counter()

function rows.foreign(count)
  local number
  for _ = 1, count do
    number = foreign[0]
  end
  assert(number == 42)
end

-- What must not make either process grow.
function rows.growth(count)
  for index = 1, count do
    add(index, 3)
    text_length("a string that is passed")
    if index % 4 == 0 then
      local object = dll.new("char[?]", 64)
      text_length(object)
      call_back(same, 1)
      shifted(by_value, index)
    end
  end
end

function rows.crash()
  assert(not pcall(library.crash))
  assert(add(2, 3) == 5)
end

function rows.process()
  return library.process()
end

assert(add(2, 3) == 5)
assert(sum(mebibyte, 1 << 20) == 0x0101010101010101 * (1 << 17))
return rows
