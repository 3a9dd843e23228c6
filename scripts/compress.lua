-- Compresses files block by block and expands them again: with zlib's streams on Linux, with ntdll on Windows.
--
-- Usage: runtime64 compress.lua FILE...

local BLOCK_BYTES = 1 << 14

if #arg == 0 then
  io.stderr:write "usage: runtime64 compress.lua FILE...\n"
  os.exit(2)
end

-- Each returns two functions that take a reader, which returns the next block or nil, and return a list of blocks.
local function with_zlib()
  dll.cdef [[
    typedef struct {
      const uint8_t *next_in;  unsigned avail_in;  unsigned long total_in;
      uint8_t       *next_out; unsigned avail_out; unsigned long total_out;
      const char *msg;
      void *state, *zalloc, *zfree, *opaque;
      int data_type;
      unsigned long adler, reserved;
    } z_stream;
    enum { Z_NO_FLUSH, Z_FINISH = 4, Z_STREAM_END = 1, Z_BUF_ERROR = -5, Z_DEFAULT_COMPRESSION = -1 };
    const char *zlibVersion(void);
    int deflateInit_(z_stream *stream, int level, const char *version, int stream_size);
    int deflate(z_stream *stream, int flush);
    int deflateEnd(z_stream *stream);
    int inflateInit_(z_stream *stream, const char *version, int stream_size);
    int inflate(z_stream *stream, int flush);
    int inflateEnd(z_stream *stream);
  ]]
  local z = dll.load "libz.so.1"

  -- The library advances next_in and next_out through the buffers; both sides share the struct.
  local function pump(stream, step, read)
    local input <close> = dll.new("uint8_t[?]", BLOCK_BYTES)
    local output <close> = dll.new("uint8_t[?]", BLOCK_BYTES)
    local blocks, code = {}, 0
    repeat
      local block = read()
      local flush = block and z.Z_NO_FLUSH or z.Z_FINISH
      if block then
        dll.copy(input, block, #block)
      end
      stream.next_in, stream.avail_in = input, block and #block or 0
      repeat
        stream.next_out, stream.avail_out = output, BLOCK_BYTES
        code = step(stream, flush)
        if code < 0 and code ~= z.Z_BUF_ERROR then
          error(string.format("zlib: %s (%d)", stream.msg and dll.string(stream.msg) or "no message", code))
        end
        blocks[#blocks + 1] = dll.string(output, stream.next_out - output)
      until stream.avail_out > 0
    until not block or code == z.Z_STREAM_END
    return blocks
  end

  local function deflate(read)
    -- If an error occurred on the way, the collector would end the stream.
    local stream = dll.gc(dll.new "z_stream", z.deflateEnd)
    assert(z.deflateInit_(stream, z.Z_DEFAULT_COMPRESSION, z.zlibVersion(), dll.sizeof(stream)) == 0)
    local blocks = pump(stream, z.deflate, read)
    z.deflateEnd(dll.gc(stream, nil))
    return blocks
  end

  local function inflate(read)
    local stream = dll.gc(dll.new "z_stream", z.inflateEnd)
    assert(z.inflateInit_(stream, z.zlibVersion(), dll.sizeof(stream)) == 0)
    local blocks = pump(stream, z.inflate, read)
    z.inflateEnd(dll.gc(stream, nil))
    return blocks
  end

  return deflate, inflate
end

local function with_ntdll()
  dll.cdef [[
    enum { COMPRESSION_FORMAT_LZNT1 = 2, CHUNK = 4096 };
    DWORD NTAPI RtlGetCompressionWorkSpaceSize(USHORT format, ULONG *bytes, ULONG *fragment_bytes);
    DWORD NTAPI RtlCompressBuffer(USHORT format, const BYTE *source, ULONG source_bytes, BYTE *target,
                                  ULONG target_bytes, ULONG chunk, ULONG *written, void *work_space);
    DWORD NTAPI RtlDecompressBuffer(USHORT format, BYTE *target, ULONG target_bytes, const BYTE *source,
                                    ULONG source_bytes, ULONG *written);
  ]]
  local ntdll = dll.load "ntdll.dll"
  local format = ntdll.COMPRESSION_FORMAT_LZNT1
  -- A result of 0 is success; any other value is an error code.
  local function must(status)
    return status == 0 or error(string.format("ntdll: status 0x%08X", status))
  end
  -- Where C code passes &variable, an array of one element is passed.
  local written, fragment = dll.new "ULONG[1]", dll.new "ULONG[1]"
  must(ntdll.RtlGetCompressionWorkSpaceSize(format, written, fragment))
  local work_space = dll.new("BYTE[?]", written[0] + 1)
  local output = dll.new("BYTE[?]", 2 * BLOCK_BYTES)

  local function deflate(read)
    local blocks = {}
    for block in read do
      must(ntdll.RtlCompressBuffer(format, block, #block, output, #output, ntdll.CHUNK, written, work_space))
      blocks[#blocks + 1] = dll.string(output, written[0])
    end
    return blocks
  end

  local function inflate(read)
    local blocks = {}
    for block in read do
      must(ntdll.RtlDecompressBuffer(format, output, #output, block, #block, written))
      blocks[#blocks + 1] = dll.string(output, written[0])
    end
    return blocks
  end

  return deflate, inflate
end

local deflate, inflate = (dll.os == "Windows" and with_ntdll or with_zlib)()

-- Returns the elements of a list one after the other.
local function each(list)
  local index = 0
  return function()
    index = index + 1
    return list[index]
  end
end

for _, name in ipairs(arg) do
  local file <close> = assert(io.open(name, "rb"))
  local compressed = deflate(file:lines(BLOCK_BYTES))
  local expanded = table.concat(inflate(each(compressed)))
  file:seek "set"
  assert(expanded == file:read "a", name .. ": what came back is not what was there")
  print(string.format("%d bytes, compressed %d, and back  %s", #expanded, #table.concat(compressed), name))
end
