-- Changes to a fresh state before any script runs. Argument: `standard(name)`, which returns the loader of a module of
-- the standard library, or nil. Result: the message handler for `xpcall`.

local standard = ...

local error, format, type = error, string.format, type
local load_any, loadfile_any = load, loadfile
local traceback = debug.traceback

-- Text chunks only: malformed bytecode can crash the process, text cannot.
local function text_only(mode, name)
  if mode ~= nil and (type(mode) ~= "string" or not mode:find("t", 1, true)) then
    return format("%s: only text chunks can be loaded (mode is '%s')", name, mode)
  end
end

function load(chunk, name, mode, ...)
  if type(chunk) ~= "string" and type(chunk) ~= "function" then
    error(format("bad argument #1 to 'load' (string or function expected, got %s)", type(chunk)), 2)
  end
  local refusal = text_only(mode, "load")
  if refusal then
    return nil, refusal
  end
  return load_any(chunk, name, "t", ...)
end

function loadfile(path, mode, ...)
  if path ~= nil and type(path) ~= "string" then
    error(format("bad argument #1 to 'loadfile' (string expected, got %s)", type(path)), 2)
  end
  local refusal = text_only(mode, "loadfile")
  if refusal then
    return nil, refusal
  end
  return loadfile_any(path, "t", ...)
end

function dofile(path)
  if path ~= nil and type(path) ~= "string" then
    error(format("bad argument #1 to 'dofile' (string expected, got %s)", type(path)), 2)
  end
  local chunk, message = loadfile_any(path, "t")
  if not chunk then
    error(message, 0)
  end
  return chunk()
end

-- `require` searches package.preload, the files of package.path and the standard library. C modules are disabled: they
-- would need the interpreter's symbols, which a vendored Lua does not export, and could do anything to this process.
local package = package
local preloaded = package.searchers[1]

local function search_files(name)
  if type(package.path) ~= "string" then
    error("'package.path' must be a string")
  end
  local path, tried = package.searchpath(name, package.path)
  if not path then
    return tried
  end
  local loader, message = loadfile_any(path, "t")
  if not loader then
    error(format("error loading module '%s' from file '%s':\n\t%s", name, path, message), 0)
  end
  return loader, path
end

local function search_standard(name)
  local loader = standard(name)
  if not loader then
    return format("no module '%s' in the standard library (modules written in C cannot be loaded)", name)
  end
  return loader, ":standard:"
end

package.searchers = { preloaded, search_files, search_standard }
package.cpath = ""
package.loadlib = nil

-- `ipairs` calls `__ipairs` of a value that can iterate over its elements, such as C arrays, which count from 0. Lua's
-- own would begin with 1, and end with an error.
local ipairs_any, getmetatable = ipairs, debug.getmetatable

function ipairs(value, ...)
  if type(value) == "userdata" then
    local metatable = getmetatable(value)
    local elements = metatable and metatable.__ipairs
    if elements then
      return elements(value)
    end
  end
  return ipairs_any(value, ...)
end

-- The error with the stack at the point where it was raised; level 2 is the function that raised it.
return function(value)
  return { value = value, traceback = traceback(nil, 2) }
end
