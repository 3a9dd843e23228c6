-- Lists the exports of a library: ordinal, name, and the convention and arguments encoded in the name's decoration.
--
-- Usage: runtime64 exports.lua LIBRARY [PATTERN]
-- PATTERN is a Lua pattern that the names must match, such as ^Get.

local name, pattern = ...
if not name then
  io.stderr:write "usage: runtime64 exports.lua LIBRARY [PATTERN]\n"
  os.exit(2)
end

local function described(row)
  local notes = {}
  if row.kind == "data" then
    notes[#notes + 1] = "data"
  end
  if row.convention then
    notes[#notes + 1] = row.convention
  end
  if row.argument_bytes then
    notes[#notes + 1] = string.format("%d bytes of arguments", row.argument_bytes)
  end
  if row.forwarder then
    notes[#notes + 1] = "forwarded to " .. row.forwarder
  end
  if row.demangled then
    notes[#notes + 1] = row.demangled
  end
  return table.concat(notes, ", ")
end

local rows = dll.exports(dll.load(name), pattern)
table.sort(rows, function(left, right)
  if (left.name or "") ~= (right.name or "") then
    return (left.name or "") < (right.name or "")
  end
  return (left.ordinal or 0) < (right.ordinal or 0)
end)

for _, row in ipairs(rows) do
  local line = string.format("%6s  %-32s %s", row.ordinal or "", row.name or "(no name)", described(row))
  print((line:gsub("%s+$", "")))
end
print(string.format("%d exports%s", #rows, pattern and " that match " .. pattern or ""))
