-- The CRC-32 of files, computed by a 32-bit library: zlib on Linux, which also provides the Adler-32, ntdll on
-- Windows.
--
-- Usage: runtime64 checksum.lua FILE...

local BLOCK_BYTES = 1 << 20

if #arg == 0 then
  io.stderr:write "usage: runtime64 checksum.lua FILE...\n"
  os.exit(2)
end

-- Each algorithm: its name, its initial value, and a function that processes a block.
local algorithms
if package.config:sub(1, 1) == "\\" then
  dll.cdef "DWORD NTAPI RtlComputeCrc32(DWORD crc, const BYTE *data, INT length);"
  local ntdll = dll.load "ntdll.dll"
  algorithms = { { "crc32", 0, ntdll.RtlComputeCrc32 } }
else
  dll.cdef [[
    unsigned long crc32(unsigned long crc, const unsigned char *buffer, unsigned int length);
    unsigned long adler32(unsigned long adler, const unsigned char *buffer, unsigned int length);
  ]]
  local zlib = dll.load "libz.so.1"
  algorithms = { { "crc32", 0, zlib.crc32 }, { "adler32", 1, zlib.adler32 } }
end

for _, name in ipairs(arg) do
  local file <close> = assert(io.open(name, "rb"))
  local sums = {}
  for index, algorithm in ipairs(algorithms) do
    sums[index] = algorithm[2]
  end
  for block in file:lines(BLOCK_BYTES) do
    for index, algorithm in ipairs(algorithms) do
      sums[index] = algorithm[3](sums[index], block, #block)
    end
  end
  for index, algorithm in ipairs(algorithms) do
    io.write(string.format("%s %08x  ", algorithm[1], sums[index]))
  end
  print(name)
end
