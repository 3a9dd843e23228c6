-- Has a library end its process in every way and every place, and counts the errors that are right. Arguments: the folder
-- of the libraries, the configuration, a folder for files, the folder of the assertions, and how many of each.
local folder, count = arg[4], tonumber(arg[5])
local separator = folder:find("\\", 1, true) and "\\" or "/"
local check = dofile(folder .. separator .. "check.lua")
local faults = dofile(folder .. separator .. "fault_table.lua")

dll.cdef [[
  void crash(int fault);
  void crash_in_thread(int fault);
  void call_back(void (*callback)(int), int argument);
  int can_throw(void);
]]
local bad = check.library("crashes", { breaker = false })
local file <close> = assert(io.open(check.path "crashes", "rb"))
local bytes = file:read "a"

local function file_of(fault)
  return check.file(("on_load_%d.%s"):format(fault.number, check.is_pe and "dll" or "so"), bytes)
end

local places = {
  { name = "in a call", run = function(fault) bad.crash(fault.number) end },
  { name = "on a thread of its own", run = function(fault) bad.crash_in_thread(fault.number) end },
  {
    name = "in a call that a callback makes",
    run = function(fault)
      bad.call_back(function(number) bad.crash(number) end, fault.number)
    end,
  },
  {
    name = "while loading",
    module = "on_load_",
    run = function(fault) dll.load(fault.file, { breaker = false }) end,
  },
}

local can_throw = bad.can_throw() ~= 0
for _, place in ipairs(places) do
  for _, fault in ipairs(faults) do
    if fault.cause ~= "C++ exception" or can_throw then
      if place.module then fault.file = file_of(fault) end
      local right, wrong = 0, ""
      for _ = 1, count do
        local raised = select(2, pcall(place.run, fault))
        local ok, why = pcall(faults.verify, check, fault, raised, fault.name, place.module)
        -- The next call works.
        ok = ok and pcall(bad.can_throw)
        if ok then right = right + 1 else wrong = tostring(why):gsub("%c", " ") end
      end
      print(table.concat({ "place", place.name, fault.name, right, wrong }, "\t"))
    end
  end
end
print "done"
