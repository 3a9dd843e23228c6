--- Lua values formatted for people to read: nested tables in a stable order, strings quoted, cycles and depth bounded.
--
--   local pretty = require "pretty"
--   pretty { name = "Ada", langs = { "en", "fr" } }   --> { langs = { "en", "fr" }, name = "Ada" }
--
-- Tables are read raw: their `__index`, `__pairs` and `__len` do not run. `__tostring` and `__name` are honoured.

local pretty = {}

-- Captured here, so that a script may change its globals and still have its values printed.
local error, next, pcall, rawequal, rawget, rawlen = error, next, pcall, rawequal, rawget, rawlen
local select, setmetatable, tonumber, tostring, type = select, setmetatable, tonumber, tostring, type
local getinfo = debug.getinfo
local rawmetatable = debug.getmetatable
local stdout = io.stdout
local mathtype, huge = math.type, math.huge
local byte, find, format, gsub, match, rep, sub =
  string.byte, string.find, string.format, string.gsub, string.match, string.rep, string.sub
local concat, sort = table.concat, table.sort
local codepoints = utf8.len

--- The keys of `options` and their defaults.
local defaults = {
  depth = 6, -- levels of tables to expand; deeper ones are written `{…}`
  width = 80, -- columns; a table that fits stays on one line
  items = 200, -- maximum entries of a table to write; the rest is counted
  length = 4096, -- maximum bytes of a string to write; the rest is counted
  indent = "  ", -- one level of indentation
}

-- Depth uses stack: no caller may request more than this.
local DEEPEST = 100

-- Tables that share tables can be written in exponentially many ways: after this many entries no further table is
-- expanded.
local MOST_ENTRIES = 10000

local KEYWORDS = {}
for word in string.gmatch(
  "and break do else elseif end false for function goto if in local nil not or repeat return then true until while",
  "%a+"
) do
  KEYWORDS[word] = true
end

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\\"] = "\\\\", ['"'] = '\\"' }

local function escape(char)
  return ESCAPES[char] or format("\\x%02X", byte(char))
end

local function escape_bytes(bytes)
  return (gsub(bytes, ".", escape))
end

--- A string as a Lua literal on one line. UTF-8 stays readable; invalid UTF-8 and terminal control characters are
--- escaped.
local function quote(text, length)
  local rest = ""
  if #text > length then
    local cut = length
    -- A cut inside a character would make the whole string invalid UTF-8.
    while cut > 0 and find(sub(text, cut + 1, cut + 1), "[\x80-\xBF]") and length - cut < 4 do
      cut = cut - 1
    end
    rest = format("… (%d more bytes)", #text - cut)
    text = sub(text, 1, cut)
  end
  local quoted = gsub(text, '[%c\\"]', escape)
  if codepoints(quoted) then
    quoted = gsub(quoted, "\xC2[\x80-\x9F]", escape_bytes)
  else
    quoted = gsub(quoted, "[\x80-\xFF]", escape)
  end
  return '"' .. quoted .. '"' .. rest
end

--- A number in the fewest digits that convert back to the same number; a float always looks like one.
local function number(value)
  if mathtype(value) == "integer" then
    return tostring(value)
  elseif value ~= value then
    return "nan"
  elseif value == huge or value == -huge then
    return value > 0 and "inf" or "-inf"
  end
  local text
  for digits = 14, 17 do
    text = format("%." .. digits .. "g", value)
    if tonumber(text) == value then
      break
    end
  end
  return find(text, "[.e]") and text or text .. ".0"
end

--- `tostring`, even if the value's metamethods fail.
local function name(value)
  local fine, text = pcall(tostring, value)
  return fine and text or format("%s (its __tostring fails: %s)", type(value), type(text) == "string" and text or type(text))
end

local function callable(value)
  local info = getinfo(value, "S")
  if info.what == "C" then
    return name(value)
  end
  return format("%s (%s:%d)", name(value), info.short_src, info.linedefined)
end

local function scalar(value, options)
  local kind = type(value)
  if kind == "string" then
    return quote(value, options.length)
  elseif kind == "number" then
    return number(value)
  elseif kind == "function" then
    return callable(value)
  end
  return name(value)
end

local ORDER = { number = 1, string = 2, boolean = 3 }

--- Sort order: numbers by value, strings by their bytes, false before true; all other keys are unordered.
local function before(a, b)
  local kind, other = type(a), type(b)
  if kind ~= other then
    local rank, other_rank = ORDER[kind] or 4, ORDER[other] or 4
    if rank ~= other_rank then
      return rank < other_rank
    end
    return kind < other
  elseif kind == "number" or kind == "string" then
    return a < b
  elseif kind == "boolean" then
    return not a and b
  end
  return false
end

--- The keys that are not part of the sequence 1 … count, in order.
local function other_keys(value, count)
  local keys = {}
  for key in next, value do
    if not (mathtype(key) == "integer" and key >= 1 and key <= count) then
      keys[#keys + 1] = key
    end
  end
  sort(keys, before)
  return keys
end

local write -- Declared early: tables contain values.

local function key_text(key, state)
  if type(key) == "string" and find(key, "^[%a_][%w_]*$") and not KEYWORDS[key] then
    return key
  elseif type(key) == "table" then
    return "[" .. name(key) .. "]" -- As a key, a table's identity matters more than its content.
  end
  return "[" .. scalar(key, state.options) .. "]"
end

--- The length of the sequence at the start of a table. It ends at the first index without a value, so that no value is
--- hidden.
local function sequence_length(value)
  local count = 0
  for index = 1, rawlen(value) do
    if rawequal(rawget(value, index), nil) then
      break
    end
    count = index
  end
  return count
end

--- The entries of a table as text, at most `options.items` of them and a note about the rest.
local function entries(value, state, level)
  local count = sequence_length(value)
  local keys = other_keys(value, count)
  local limit = state.options.items
  local texts = {}
  for index = 1, count do
    if #texts == limit then
      break
    end
    texts[#texts + 1] = write(rawget(value, index), state, level + 1)
  end
  for _, key in next, keys do
    if #texts == limit then
      break
    end
    texts[#texts + 1] = key_text(key, state) .. " = " .. write(rawget(value, key), state, level + 1)
  end
  state.written = state.written + #texts
  local rest = count + #keys - #texts
  if rest > 0 then
    texts[#texts + 1] = format("… %d more", rest)
  end
  return texts
end

--- Puts entries on one line if they fit, else one entry per line.
local function lay_out(texts, options, level)
  local indent = rep(options.indent, level)
  local line = "{ " .. concat(texts, ", ") .. " }"
  if #indent + (codepoints(line) or #line) <= options.width and not find(line, "\n", 1, true) then
    return line
  end
  local inner = indent .. options.indent
  return "{\n" .. inner .. concat(texts, ",\n" .. inner) .. "\n" .. indent .. "}"
end

--- A metatable's `__name`, which names the type of object that a table is, or an empty string.
local function title(metatable)
  local called = metatable and rawget(metatable, "__name")
  return type(called) == "string" and called .. " " or ""
end

local function write_table(value, state, level)
  local metatable = rawmetatable(value)
  if type(metatable) == "table" and not rawequal(rawget(metatable, "__tostring"), nil) then
    return name(value)
  elseif state.open[value] then
    return "<cycle>"
  elseif rawequal(next(value), nil) then
    return title(metatable) .. "{}"
  elseif level >= state.options.depth or state.written > MOST_ENTRIES then
    return title(metatable) .. "{…}"
  end
  state.open[value] = true
  local texts = entries(value, state, level)
  state.open[value] = nil
  return title(metatable) .. lay_out(texts, state.options, level)
end

function write(value, state, level)
  if type(value) == "table" then
    return write_table(value, state, level)
  end
  return scalar(value, state.options)
end

--- Completes `options` with the defaults; an invalid one is reported as the caller's error.
local function complete(options, level)
  local result = {}
  for option, default in next, defaults do
    local given = options and options[option]
    if given == nil then
      given = default
    elseif type(given) ~= type(default) then
      error(format("pretty: option '%s' must be a %s, not a %s", option, type(default), type(given)), level + 1)
    end
    result[option] = given
  end
  result.depth = result.depth < DEEPEST and result.depth or DEEPEST
  return result
end

--- Formats a value. `options`: depth, width, items, length, indent (see `defaults`).
function pretty.format(value, options)
  if options ~= nil and type(options) ~= "table" then
    error("pretty.format: the options must be a table, not a " .. type(options), 2)
  end
  return write(value, { options = complete(options, 2), open = {}, written = 0 }, 0)
end

--- Prints values like `print`, each formatted with `pretty.format`. `pretty(…)` does the same.
function pretty.print(...)
  local texts = {}
  for index = 1, select("#", ...) do
    texts[index] = pretty.format((select(index, ...)))
  end
  stdout:write(concat(texts, "\t"), "\n")
end

return setmetatable(pretty, {
  __call = function(_, ...)
    pretty.print(...)
  end,
})
