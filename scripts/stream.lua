-- Compresses and expands files in the gzip format with zlib's streams, however large they are: one piece at a time
-- passes through a struct shared by script and library.
--
-- Usage: runtime64 stream.lua [OPTIONS] compress|decompress IN OUT
-- IN and OUT are files, or - for standard input and output.
--   --level N             compression level, 0 to 9
--   --count-allocations   make zlib allocate through the script, and print the amount of memory on standard error
--   --library NAME        the zlib to load, such as zlib1.dll, on Linux too (default: libz.so.1 or zlib1.dll)

local PIECE_BYTES = 1 << 16

local function usage(message)
  io.stderr:write("stream.lua: ", message, "\n",
    "usage: runtime64 stream.lua [--level N] [--count-allocations] [--library NAME] compress|decompress IN OUT\n")
  os.exit(2)
end

local function options()
  local chosen, words, index = { level = -1 }, {}, 1
  while arg[index] do
    local word = arg[index]
    if word == "--count-allocations" then
      chosen.count = true
    elseif word == "--level" or word == "--library" then
      index = index + 1
      chosen[word:sub(3)] = arg[index] or usage(word .. " needs a value")
    elseif word:find "^%-." then
      usage("no such option: " .. word)
    else
      words[#words + 1] = word
    end
    index = index + 1
  end
  chosen.level = math.tointeger(chosen.level) or usage("no such level: " .. chosen.level)
  chosen.task, chosen.from, chosen.to = table.unpack(words)
  if #words ~= 3 or (chosen.task ~= "compress" and chosen.task ~= "decompress") then
    usage "what is to be done?"
  end
  return chosen
end

local chosen = options()
local on_windows = package.config:sub(1, 1) == "\\"
local z = dll.load(chosen.library or (on_windows and "zlib1.dll" or "libz.so.1"))
-- The module of the process that this zlib runs in: on Linux, zlib1.dll runs in another process than libz.so.1.
local memory = dll.of(z)

dll.cdef [[
  typedef void *alloc_function(void *opaque, unsigned items, unsigned size);
  typedef void free_function(void *opaque, void *address);
  typedef struct z_stream {
    const uint8_t *next_in;  unsigned avail_in;  unsigned long total_in;
    uint8_t       *next_out; unsigned avail_out; unsigned long total_out;
    const char *msg;
    void *state;
    alloc_function *zalloc; free_function *zfree; void *opaque;
    int data_type;
    unsigned long adler, reserved;
  } z_stream;
  enum { Z_OK, Z_STREAM_END, Z_NO_FLUSH = 0, Z_FINISH = 4, Z_BUF_ERROR = -5 };
  enum { Z_DEFLATED = 8, Z_DEFAULT_STRATEGY = 0, DEFAULT_MEMORY = 8, GZIP = 15 + 16 };
  const char *zlibVersion(void);
  int deflateInit2_(z_stream *stream, int level, int method, int window_bits, int memory_level, int strategy,
                    const char *version, int stream_size);
  int deflate(z_stream *stream, int flush);
  int deflateEnd(z_stream *stream);
  int inflateInit2_(z_stream *stream, int window_bits, const char *version, int stream_size);
  int inflate(z_stream *stream, int flush);
  int inflateReset(z_stream *stream);
  int inflateEnd(z_stream *stream);
  void *malloc(size_t size);
  void free(void *address);
]]

local function must(stream, code)
  if code < 0 and code ~= z.Z_BUF_ERROR then
    error(string.format("%s (zlib: %d)", stream.msg and memory.string(stream.msg) or "it cannot be done", code), 0)
  end
  return code
end

-- Counts the stream's memory. The functions are closures, which hold their counters, so they need no opaque pointer.
-- zlib keeps them beyond the call, so they are callbacks that live until the counters are closed.
local function count_allocations(stream)
  local sizes, counts = {}, { allocations = 0, freed = 0, bytes = 0, peak = 0 }
  local function key(address)
    return memory.tonumber(memory.cast("uintptr_t", address))
  end
  local allocate = memory.callback("alloc_function *", function(_, items, size)
    local address = memory.C.malloc(items * size)
    if address then
      sizes[key(address)] = items * size
      counts.allocations = counts.allocations + 1
      counts.bytes = counts.bytes + items * size
      counts.peak = math.max(counts.peak, counts.bytes)
    end
    return address
  end)
  local free = memory.callback("free_function *", function(_, address)
    counts.freed = counts.freed + 1
    counts.bytes = counts.bytes - sizes[key(address)]
    sizes[key(address)] = nil
    memory.C.free(address)
  end)
  stream.zalloc, stream.zfree = allocate, free
  return setmetatable(counts, {
    __close = function()
      allocate:free()
      free:free()
    end,
  })
end

-- The library advances next_in and next_out through the buffers, and decrements avail_in and avail_out.
local input <close> = memory.new("uint8_t[?]", PIECE_BYTES)
local output <close> = memory.new("uint8_t[?]", PIECE_BYTES)

local function fill(stream, from)
  local piece = from:read(PIECE_BYTES)
  if piece then
    memory.write(input, piece)
    stream.next_in, stream.avail_in = input, #piece
  end
  return piece ~= nil
end

local function step(stream, advance, flush, to)
  stream.next_out, stream.avail_out = output, PIECE_BYTES
  local code = must(stream, advance(stream, flush))
  assert(to:write(memory.string(output, PIECE_BYTES - stream.avail_out)))
  return code
end

local function compress(stream, from, to)
  must(stream, z.deflateInit2_(stream, chosen.level, z.Z_DEFLATED, z.GZIP, z.DEFAULT_MEMORY, z.Z_DEFAULT_STRATEGY,
    z.zlibVersion(), memory.sizeof(stream)))
  while fill(stream, from) do
    repeat
      step(stream, z.deflate, z.Z_NO_FLUSH, to)
    until stream.avail_out > 0
  end
  repeat until step(stream, z.deflate, z.Z_FINISH, to) == z.Z_STREAM_END
end

local function decompress(stream, from, to)
  must(stream, z.inflateInit2_(stream, z.GZIP, z.zlibVersion(), memory.sizeof(stream)))
  local code = z.Z_OK
  while stream.avail_in > 0 or fill(stream, from) do
    -- In the gzip format, a file may consist of several concatenated ones.
    if code == z.Z_STREAM_END then
      must(stream, z.inflateReset(stream))
    end
    repeat
      code = step(stream, z.inflate, z.Z_NO_FLUSH, to)
    until stream.avail_out > 0 or code == z.Z_STREAM_END
  end
  if code ~= z.Z_STREAM_END then
    error("it ends too early", 0)
  end
end

-- The functions that a stream of this task needs, and the one that ends it.
local tasks = { compress = { compress, z.deflateEnd }, decompress = { decompress, z.inflateEnd } }

local function run(from, to)
  local work, finish = table.unpack(tasks[chosen.task])
  local stream <close> = memory.new "z_stream"
  local counts <close> = chosen.count and count_allocations(stream)
  local ok, failure = pcall(work, stream, from, to)
  -- In either case zlib releases its memory here, while the callbacks still exist.
  finish(stream)
  if not ok then
    error(failure, 0)
  end
  if counts then
    io.stderr:write(string.format("%d allocations, %d bytes at once, %d freed, %d bytes left\n", counts.allocations,
      counts.peak, counts.freed, counts.bytes))
  end
end

local function fail(message)
  io.stderr:write("stream.lua: ", message, "\n")
  os.exit(1)
end

local function open(name, mode, standard)
  if name == "-" then
    return not on_windows and standard or usage "Windows changes line ends in standard streams: name a file"
  end
  local file, failure = io.open(name, mode)
  return file or fail(failure)
end

if chosen.from == chosen.to and chosen.from ~= "-" then
  usage "IN and OUT are the same file"
end
local from <close> = open(chosen.from, "rb", io.stdin)
local to <close> = open(chosen.to, "wb", io.stdout)
local ok, failure = pcall(run, from, to)
if not ok then
  fail(chosen.from .. ": " .. tostring(failure))
end
