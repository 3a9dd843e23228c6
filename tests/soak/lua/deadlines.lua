-- Makes calls that hang, each with a deadline of 100 ms, and prints how long it took until each was an error. Arguments: the
-- libraries, and how many of each.
local conditions_path, misbehaviour_path, hanging_path, clock_path, count = ...

dll.cdef [[
  int add(int a, int b);
  double moment(void);
  void spin_forever(void);
  void sleep_forever(void);
]]
local module = dll.worker { name = "clock" }
local moment = module.load(clock_path).moment
local DEADLINE <const> = 0.1
local unbroken = { breaker = false }

local function measure(name, add, f, ...)
  local begun = moment()
  local ok, error = pcall(f, ...)
  local over = moment()
  assert(not ok and error.kind == "timeout", name .. ": " .. tostring(error))
  print(name .. " " .. over - begun)
  -- The next call works, in a new worker.
  begun = moment()
  assert(add(2, 3) == 5)
  print("next " .. moment() - begun)
end

local calls = dll.load(conditions_path, unbroken)
local bad = dll.load(misbehaviour_path, unbroken)
for _ = 1, tonumber(count) do
  calls.add(1, 2)
  measure("busy", calls.add, dll.call, { deadline = DEADLINE }, bad.spin_forever)
  measure("asleep", calls.add, dll.call, { deadline = DEADLINE }, bad.sleep_forever)
  measure("loading", calls.add, dll.load, hanging_path, { deadline = DEADLINE, breaker = false })
end
