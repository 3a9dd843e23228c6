-- Sorts the lines of a text with the C library's qsort, and finds lines with its bsearch: the records are in memory
-- shared by both sides, and the comparison is a Lua function that C calls.
--
-- Usage: runtime64 sort.lua [--key text|length|number] [--find VALUE] FILE
--   --key    the sort key: the text, the number of characters, or the first number in the line
--   --find   print only the lines with this key, with their numbers in the file
--
-- The C library is the worker's. On Linux, -e before the script selects that of Windows:
--   runtime64 -e "dll.load 'msvcrt.dll'" sort.lua FILE

-- In the header, the pointers are void *. Declared with their actual types here, the comparison needs no casts.
dll.cdef [[
  struct line {
    const char *text;
    int length, number;
    double key;
  };
  typedef int __cdecl comparison(const struct line *left, const struct line *right);
  void qsort(struct line *lines, size_t count, size_t size, comparison *compare);
  struct line *bsearch(const struct line *wanted, const struct line *lines, size_t count, size_t size,
                       comparison *compare);
  int strcmp(const char *left, const char *right);
]]

local C = dll.C

local function usage(message)
  io.stderr:write("sort.lua: ", message, "\n",
    "usage: runtime64 sort.lua [--key text|length|number] [--find VALUE] FILE\n")
  os.exit(2)
end

-- The key of a line as a number. Texts are compared by strcmp.
local keys = {
  text = function() return 0 end,
  length = function(text) return utf8.len(text) or #text end,
  number = function(text) return tonumber(text:match "%-?%d+%.?%d*") or math.huge end,
}

local function options()
  local key, wanted, file = "text", nil, nil
  local index = 1
  while arg[index] do
    local word = arg[index]
    if word == "--key" or word == "--find" then
      index = index + 1
      local value = arg[index] or usage(word .. " needs a value")
      if word == "--find" then
        wanted = value
      else
        key = keys[value] and value or usage("no such key: " .. value)
      end
    elseif file then
      usage "one file is sorted at a time"
    else
      file = word
    end
    index = index + 1
  end
  return key, wanted, file or usage "which file?"
end

local key, wanted, name = options()

-- All lines in one buffer, each terminated by a zero, and an array of records that point into it. A pointer in memory
-- keeps nothing alive: the buffer must stay in a variable of the script as long as the records are used.
local function read(file)
  local texts = {}
  for text in file:lines() do
    texts[#texts + 1] = text:gsub("\r$", "")
  end
  local buffer = dll.new("char[?]", #table.concat(texts) + #texts + 1)
  local lines = dll.new("struct line[?]", #texts)
  local place = dll.cast("char *", buffer)
  for index, text in ipairs(texts) do
    dll.copy(place, text)
    lines[index - 1] = { place, #text, index, keys[key](text) }
    place = place + #text + 1
  end
  return lines, buffer
end

local function text_of(line)
  return dll.string(line.text, line.length)
end

-- A comparison is called during the call of qsort, and may itself call the library.
local function by_key(left, right)
  if key == "text" then
    return C.strcmp(left.text, right.text)
  end
  return left.key < right.key and -1 or left.key > right.key and 1 or 0
end

-- qsort may swap equal lines: comparing their line numbers keeps them in order.
local function by_key_and_number(left, right)
  local order = by_key(left, right)
  return order ~= 0 and order or left.number - right.number
end

local function find(lines, text)
  local number = tonumber(text)
  if key ~= "text" and not number then
    usage("--find " .. text .. ": a number is needed")
  end
  local kept = dll.new("char[?]", #text + 1, text)
  local like = dll.new("struct line", { text = kept, key = number or 0 })
  local found = C.bsearch(like, lines, #lines, dll.sizeof "struct line", by_key)
  if not found then
    return false
  end
  -- It may be any of several: the search for the first one starts there. Pointers count in elements, as in C.
  local index = found - lines
  while index > 0 and by_key(lines[index - 1], like) == 0 do
    index = index - 1
  end
  while index < #lines and by_key(lines[index], like) == 0 do
    print(string.format("%d: %s", lines[index].number, text_of(lines[index])))
    index = index + 1
  end
  return true
end

local file <close> = assert(io.open(name))
local lines, buffer <const> = read(file)
C.qsort(lines, #lines, dll.sizeof "struct line", by_key_and_number)
if wanted then
  os.exit(find(lines, wanted) and 0 or 1)
end
for _, line in ipairs(lines) do
  print(text_of(line))
end
