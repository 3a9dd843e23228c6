-- Makes calls without pause while another worker kills the one that they are made in, and prints what each call that did
-- not return has raised. Arguments: the libraries, the seed, how many kills, how many calls at most, and how long a start
-- takes at most, in microseconds.
local effects_path, slow_path, killer_path, host_killer_path, seed, kills, most, start = ...
kills, most, start = tonumber(kills), tonumber(most), tonumber(start)
math.randomseed(tonumber(seed))

dll.cdef [[
  unsigned int effect(unsigned int number);
  unsigned int slow_effect(unsigned int number, unsigned int microseconds);
  unsigned int calling_effect(unsigned int number, unsigned int (*callback)(unsigned int number));
  unsigned int reading_effect(unsigned int number, const char *text, unsigned int characters);
  double moment(void);
  double killed_at(void);
  int kill_after(unsigned int process, unsigned int microseconds);
  int kill_siblings_after(unsigned int microseconds);
  int spare_siblings(void);
  unsigned int process(void);
]]

-- One that ends a worker by its number, and one that ends whatever the host has started meanwhile.
local module = dll.worker { name = "killer" }
local killer = module.load(killer_path)
killer.moment()
local host_module, host_killer = module, killer
if host_killer_path ~= killer_path then
  host_module = dll.worker { name = "the host's killer" }
  host_killer = host_module.load(host_killer_path)
end
host_killer.spare_siblings()
-- A worker's number is asked of another library, which is loaded into it with the others.
local victim = dll.worker { name = "victim" }
local unbroken = { breaker = false }
local effects, own = victim.load(effects_path, unbroken), victim.load(killer_path, unbroken)
victim.load(slow_path, unbroken)
-- A function that is named for the first time has the worker asked, outside of the calls that are watched.
local effect, slow_effect = effects.effect, effects.slow_effect
local calling_effect, reading_effect, own_process = effects.calling_effect, effects.reading_effect, own.process

-- The moment in the killer's time, from a clock that needs no call. Two systems' clocks need not go alike, so that they are
-- compared before each kill: by the call that took the shortest time.
local ahead = 0
local function compare_clocks()
  local shortest, tries = math.huge, 0
  repeat
    local before = dll.clock()
    local there = killer.moment()
    local after = dll.clock()
    if after - before < shortest then
      shortest, ahead = after - before, there - (before + after) / 2 * 1e6
    end
    tries = tries + 1
  until shortest < 20e-6 or tries == 100
end
local function moment() return dll.clock() * 1e6 + ahead end

local number, kept = 0, {}
local text = string.rep("a", 4 << 20)

-- The outcome of one call: whether it returned. What it raised is kept, with the moment.
local function made(place, f, ...)
  number = number + 1
  local this = number
  local ok, result = pcall(f, this, ...)
  if ok then
    if result ~= this then print("wrong", place, this, tostring(result)) end
    return true
  end
  local error = result
  kept[#kept + 1] = { this, error.kind, error.started, place, moment(), tostring(error) }
  return false
end

local function call_back(this)
  made("in_callback", effect)
  for _ = 1, math.random(0, 20000) do end
  return this + 1
end

-- What the host does until it sees the kill, and up to how long after its begin the kill comes, in microseconds.
local places = {
  { "idle", 300, function() return "wait" end },
  { "short_calls", 4000, function() return made("short_calls", effect) end },
  { "long_call", 10000, function() return made("long_call", slow_effect, 200000) end },
  { "callback", 5000, function() return made("callback", calling_effect, call_back) end },
  { "long_text", 12000, function() return made("long_text", reading_effect, text, #text) end },
}

local function report(place, future, source)
  local hit = future:wait()
  local at = source.killed_at()
  for _, one in ipairs(kept) do
    local this, kind, started, where, raised, message = table.unpack(one, 1, 6)
    local late = string.format("%.1f", raised - at)
    print("error", this, kind or "none", started or "none", where, place, hit > 0 and late or "none", (message:gsub("%c", " ")))
  end
  kept = {}
  return hit
end

-- Kills a worker that runs.
local function kill_running()
  local ok, process = pcall(own_process)
  if not ok then return 0 end
  local place, longest, act = table.unpack(places[math.random(#places)])
  local future = module.async(killer.kill_after, process, math.random(0, longest))
  local after = 0
  repeat
    local outcome = act()
    if outcome == "wait" then future:wait() made(place, effect) end
    if outcome == true and future:done() then after = after + 1 end
  until outcome ~= true or after > 1000
  if after > 1000 then print("unseen", place) end
  return report(place, future, killer)
end

-- Kills a worker while it is started, or while a library is loaded.
local function kill_starting()
  local loads = math.random(2) == 1
  if not loads then victim:restart() end
  local future = host_module.async(host_killer.kill_siblings_after, math.random(0, start))
  repeat
    if loads then
      local fresh <close> = dll.worker { name = "fresh" }
      local ok, error = pcall(fresh.load, slow_path, unbroken)
      if not ok then
        kept[#kept + 1] = { 0, error.kind, error.started, "load", moment(), tostring(error) }
      end
    else
      made("start", effect)
    end
  until future:done()
  local hit = report(loads and "load" or "start", future, host_killer)
  -- What was killed without a call under way is found by the next one.
  made("next", effect)
  report("next", future, host_killer)
  return hit
end

local done = 0
while done < kills and number < most - 20000 do
  compare_clocks()
  done = done + (math.random(4) == 1 and kill_starting() or kill_running())
  -- Every call up to this number has its outcome, and those that raised something are told of.
  print("done", done, number)
  io.stdout:flush()
end
