-- Assertions for the scripts beside this one, and what they know of the configuration they run in.
--
-- A script is run as `runtime64 SCRIPT FIXTURES CONFIGURATION SCRATCH`: the folder of the libraries, the configuration's
-- name, and a folder to write files in. It ends with `check.finish()`, whose line the harness looks for.

local check = { count = 0 }

check.fixtures = assert(arg[1], "the folder of the fixtures is missing")
check.configuration = assert(arg[2], "the configuration is missing")
local scratch = assert(arg[3], "the folder for files is missing")

-- Whether the libraries are PE files, and how wide the worker is.
check.is_pe = check.configuration == "wine_worker" or check.configuration == "windows"
  or (check.configuration == "host_width" and package.config:sub(1, 1) == "\\")
check.bits = check.configuration == "host_width" and 64 or 32
-- Whether functions that are not cdecl have decorated names.
check.decorates = check.is_pe and check.bits == 32

local function shown(value)
  if type(value) == "string" then
    return string.format("%q", value)
  end
  return tostring(value)
end

local function fail(format, ...)
  error(string.format(format, ...), 3)
end

-- Equal in value and kind of number: 1 is not 1.0 here.
function check.equal(actual, expected, what)
  check.count = check.count + 1
  local same = actual == expected and math.type(actual) == math.type(expected)
  local both_nan = actual ~= actual and expected ~= expected
  if not same and not both_nan then
    fail("%s: %s expected, got %s", what or "value", shown(expected), shown(actual))
  end
end

function check.truthy(value, what)
  check.count = check.count + 1
  if not value then
    fail("%s: got %s", what, shown(value))
  end
end

-- `text` must hold each of the fragments, a string or a list of strings, word for word.
function check.contains(text, fragments, what)
  check.count = check.count + 1
  if type(fragments) == "string" then
    fragments = { fragments }
  end
  for _, fragment in ipairs(fragments) do
    if not tostring(text):find(fragment, 1, true) then
      fail("%s: %s expected in:\n%s", what or "text", shown(fragment), tostring(text))
    end
  end
end

-- `f(...)` must raise an error object of this kind whose message holds each of the fragments. Gives the object.
function check.raises(kind, fragments, f, ...)
  check.count = check.count + 1
  local results = table.pack(pcall(f, ...))
  if results[1] then
    fail("an error of kind '%s' expected, got %d results, the first %s", kind, results.n - 1, shown(results[2]))
  end
  local raised = results[2]
  if type(raised) ~= "userdata" then
    fail("an error object expected, got %s: %s", type(raised), tostring(raised))
  end
  if raised.kind ~= kind then
    fail("an error of kind '%s' expected, got '%s': %s", kind, tostring(raised.kind), tostring(raised))
  end
  if type(fragments) == "string" then
    fragments = { fragments }
  end
  for _, fragment in ipairs(fragments) do
    if not tostring(raised):find(fragment, 1, true) then
      fail("%s expected in the error:\n%s", shown(fragment), tostring(raised))
    end
  end
  return raised
end

-- The path of a fixture: `calls` is libcalls.so or calls.dll. A folder before the name stays before it.
function check.path(name)
  local separator = check.fixtures:find("\\", 1, true) and "\\" or "/"
  local folder, base = name:match("^(.*)/(.-)$")
  local file = check.is_pe and (base or name) .. ".dll" or "lib" .. (base or name) .. ".so"
  return table.concat({ check.fixtures, folder or file, folder and file or nil }, separator)
end

function check.library(name, options)
  return dll.load(check.path(name), options)
end

-- The path of a new file with these bytes.
function check.file(name, bytes)
  local path = scratch .. (scratch:find("\\", 1, true) and "\\" or "/") .. name
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(bytes))
  return path
end

function check.finish()
  assert(check.count > 0, "the script checked nothing")
  print(string.format("%d checks passed", check.count))
end

return check
