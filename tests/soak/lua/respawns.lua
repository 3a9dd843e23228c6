-- Has workers die and start again in every way there is. At two checkpoints it waits, so that it can be counted what it
-- holds. Arguments: the libraries, the seed, how many respawns, and after how many the first checkpoint comes.
local path, killer_path, seed, count, first = ...
count, first = tonumber(count), tonumber(first)
math.randomseed(tonumber(seed))

dll.cdef [[
  int add(int a, int b);
  void crash(void);
  void leave(int code);
  double moment(void);
  int kill_after(unsigned int process, unsigned int microseconds);
  int rest(unsigned int microseconds);
  unsigned int process(void);
  int handles_of_host(void);
]]
local module = dll.worker { name = "killer" }
local killer = module.load(killer_path)
local victim = dll.load(path, { breaker = false })

local function lost(kind, f, ...)
  local ok, error = pcall(f, ...)
  assert(not ok and error.kind == kind, "expected " .. kind .. ": " .. tostring(error))
end

local function crash(library)
  local begun = killer.moment()
  lost("crash", library.crash)
  assert(library.add(2, 3) == 5)
  return killer.moment() - begun
end

local ways = {
  function() print("recovery " .. crash(victim)) end,
  function() lost("worker_lost", victim.leave, 3) end,
  function() dll.restart() end,
  function()
    killer.kill_after(victim.process(), 0)
    -- On some systems the process goes on for a moment.
    repeat local ok, error = pcall(victim.add, 1, 1) until not ok
  end,
  function()
    local own = dll.worker()
    assert(own.load(path).add(1, 2) == 3)
    own:close()
  end,
  function()
    local own <close> = dll.worker { recycle = { calls = 1 } }
    local library = own.load(path)
    for _ = 1, 2 do assert(library.add(1, 2) == 3) end
  end,
}

-- There is a spare at each checkpoint, or it would count as something that was left.
local function checkpoint(name)
  for _ = 1, 200 do
    if dll.stats().spares > 0 then break end
    killer.rest(50000)
  end
  collectgarbage()
  collectgarbage()
  print("handles " .. killer.handles_of_host())
  print("checkpoint " .. name)
  io.stdout:flush()
  io.read()
end

for number = 1, count do
  ways[number <= #ways and number or math.random(#ways)]()
  assert(victim.add(2, 3) == 5)
  if number == first then checkpoint(1) end
end
checkpoint(2)

local own <close> = dll.worker()
local broken = own.load(path)
for _ = 1, 4 do lost("crash", broken.crash) end
for _ = 1, 200 do
  local begun = killer.moment()
  lost("breaker_open", broken.add, 1, 2)
  print("refusal " .. killer.moment() - begun)
end
