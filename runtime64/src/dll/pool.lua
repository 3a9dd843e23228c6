-- Pools: several workers for calls that need nothing of each other. Each worker makes one call at a time, on a thread of its
-- own; the script hands out the calls, and looks for those that have returned whenever it asks the pool for something.

local dll, rust = ...
local numbered, now, fail = rust.numbered, rust.now, rust.fail

local error, getmetatable, ipairs, pairs, pcall = error, getmetatable, ipairs, pairs, pcall
local rawset, setmetatable, tostring, type = rawset, setmetatable, tostring, type
local pack, remove, unpack = table.pack, table.remove, table.unpack
local floor = math.floor
local open_worker, wait_any = dll.worker, dll.wait_any

-- How long a worker that was opened on demand stays without work, in seconds.
local IDLE = 10

-- What a pool takes beside the options of its workers.
local OWN = { size = true, min = true, max = true, idle = true, name = true }

local Future = { __name = "future of a pool" }
Future.__index = Future

-- The results of a call that was not made.
local function failed(kind, message) return pack(pcall(fail, kind, message)) end

local function count(options, key)
  local value = options[key]
  if value == nil then return nil end
  if type(value) ~= "number" or value ~= floor(value) or value < 1 then
    fail("type", "dll.pool: option '" .. key .. "': a whole number from 1 on is needed, not " .. tostring(value))
  end
  return floor(value)
end

-- Opens one more worker.
local function open(pool)
  pool.opened = pool.opened + 1
  local options = {}
  for key, value in pairs(pool.options) do options[key] = value end
  options.name = pool.name .. " " .. pool.opened
  local member = { worker = open_worker(options), libraries = {}, since = now() }
  pool.members[#pool.members + 1] = member
  return member
end

-- The library as one worker has it.
local function loaded(member, library)
  local own = member.libraries[library]
  if not own then
    own = member.worker.load(library.path, library.options)
    member.libraries[library] = own
  end
  return own
end

-- A call has returned, or has failed: its worker is free.
local function finish(member)
  local future = member.future
  member.future, member.since = nil, now()
  future.member = nil
  future.results = pack(pcall(future.job.wait, future.job))
  future.job = nil
end

-- Has a worker make a call.
local function begin(member, future)
  local called = future.called
  local ok, job = pcall(function()
    return member.worker.async(loaded(member, called.library)[called.name], unpack(future.arguments, 1, future.arguments.n))
  end)
  future.arguments = nil
  if ok then
    future.job, future.member, member.future = job, member, future
  else
    future.results = { false, job, n = 2 }
  end
end

-- A worker that has nothing to do and is no session's, opened if there may be more of them.
local function free(pool)
  for _, member in ipairs(pool.members) do
    if not member.future and not member.key then return member end
  end
  if #pool.members < pool.max then return open(pool) end
end

-- Closes the workers that have had nothing to do for long, down to the least number.
local function shrink(pool)
  local index = #pool.members
  while index > 0 and #pool.members > pool.min do
    local member = pool.members[index]
    if not member.future and not member.key and now() - member.since > pool.idle then
      remove(pool.members, index)
      member.worker.close()
    end
    index = index - 1
  end
end

-- Takes the results of calls that have returned, and hands out those that wait.
local function pump(pool)
  for _, member in ipairs(pool.members) do
    if member.future and member.future.job:done() then finish(member) end
  end
  while pool.queue[1] do
    local member = free(pool)
    if not member then return end
    begin(member, remove(pool.queue, 1))
  end
  shrink(pool)
end

-- Waits until one of the calls under way has returned. Tells whether one has in time.
local function wait_for_one(pool, limit)
  local jobs, members = {}, {}
  for _, member in ipairs(pool.members) do
    if member.future then
      jobs[#jobs + 1], members[#members + 1] = member.future.job, member
    end
  end
  local index = wait_any(jobs, limit)
  if index and members[index].future then finish(members[index]) end
  return index ~= nil
end

local function check_open(pool)
  if pool.closed then fail("worker_lost", "dll.pool: the pool was closed") end
end

local function start(pool, called, arguments)
  check_open(pool)
  local future = setmetatable({ pool = pool, called = called, arguments = arguments }, Future)
  pool.queue[#pool.queue + 1] = future
  pump(pool)
  return future
end

function Future:done()
  if not self.results then pump(self.pool) end
  return self.results ~= nil
end

-- Waits until it has results, and tells whether it has.
local function settle(future, limit)
  local till = limit and now() + limit
  pump(future.pool)
  while not future.results do
    local left = till and till - now()
    if left and left <= 0 then return false end
    wait_for_one(future.pool, left)
    pump(future.pool)
  end
  return true
end

function Future:wait(limit)
  if not settle(self, limit) then
    -- The call itself says that it is not done yet, in the words that its own future has for it.
    if self.job then return self.job:wait(0) end
    fail("timeout", self.called.name .. ": it has not begun after " .. limit .. " seconds; it waits for a worker")
  end
  if not self.results[1] then error(self.results[2], 0) end
  return unpack(self.results, 2, self.results.n)
end

function Future:cancel(force)
  if self.results then return false end
  if self.job then return self.job:cancel(force) end
  for index, future in ipairs(self.pool.queue) do
    if future == self then
      remove(self.pool.queue, index)
      self.results = failed("interrupted", self.called.name .. ": it was called off before it began")
      return true
    end
  end
  return false
end

function Future:__tostring()
  return "future of " .. self.called.name .. " (" .. (self.results and "done" or self.job and "under way" or "waiting") .. ")"
end

local Called = { __name = "function of a pool" }

function Called:__call(...) return start(self.pool, self, pack(...)):wait() end

function Called:__tostring() return self.library.path .. ": " .. self.name .. " (in any worker of a pool)" end

local Library = { __name = "library of a pool" }

-- A name stands for the function in whichever worker is free; what is no function is read where it is the same everywhere.
function Library:__index(name)
  local library = getmetatable(self).library
  local value = loaded(library.first(), library)[name]
  if type(value) ~= "userdata" then return value end
  local called = setmetatable({ pool = library.pool, library = library, name = name }, Called)
  rawset(self, name, called)
  return called
end

local function called_of(doing, pool, value)
  if getmetatable(value) ~= Called or value.pool ~= pool then
    fail("type", doing .. ": a function of a library that this pool has loaded is needed, not " .. tostring(value))
  end
  return value
end

-- Calls a function for each element of a list. An element that table.pack made is several arguments.
local function map(pool, called, list)
  local futures = {}
  for index, element in ipairs(list) do
    local several = type(element) == "table" and getmetatable(element) == nil and element.n
    futures[index] = start(pool, called, several and element or { element, n = 1 })
  end
  local results = {}
  for index, future in ipairs(futures) do
    settle(future)
    local own = future.results
    if not own[1] then
      for later = index + 1, #futures do futures[later]:cancel() end
      error(numbered(own[2], index), 0)
    end
    results[index] = own.n > 2 and pack(unpack(own, 2, own.n)) or own[2]
  end
  return results
end

-- A worker that is kept for whoever comes with the same key.
local function session(pool, key)
  check_open(pool)
  if key == nil then fail("type", "pool.session: a key is needed, that tells who is to have the same worker") end
  for _, member in ipairs(pool.members) do
    if member.key == key then return member.worker end
  end
  local member = free(pool)
  while not member do
    local is_busy = false
    for _, other in ipairs(pool.members) do is_busy = is_busy or other.future ~= nil end
    if not is_busy then
      fail("range", "pool.session: all " .. pool.max .. " workers of " .. pool.name .. " are kept for sessions; pool.release ends one")
    end
    wait_for_one(pool)
    member = free(pool)
  end
  member.key = key
  return member.worker
end

local function release(pool, key)
  for _, member in ipairs(pool.members) do
    if member.key == key then
      member.key, member.since = nil, now()
      return true
    end
  end
  return false
end

local function close(pool)
  pool.closed = true
  for _, future in ipairs(pool.queue) do
    future.results = failed("interrupted", future.called.name .. ": its pool was closed before it began")
  end
  pool.queue = {}
  for _, member in ipairs(pool.members) do
    if member.future then member.future.job:cancel(true) finish(member) end
    member.worker.close()
  end
  pool.members = {}
end

local function load(pool, path, options)
  check_open(pool)
  local library = { pool = pool, path = path, options = options }
  library.first = function()
    check_open(pool)
    return pool.members[1] or open(pool)
  end
  -- What is wrong with the library is said now.
  loaded(library.first(), library)
  local names = { __index = Library.__index, __name = Library.__name, library = library }
  names.__tostring = function() return path .. " (in any worker of " .. pool.name .. ")" end
  names.__newindex = function() fail("type", path .. ": what is set in one worker of a pool is not set in the others; use pool.session") end
  return setmetatable({}, names)
end

local function figures(pool)
  pump(pool)
  local stats = { size = #pool.members, min = pool.min, max = pool.max, waiting = #pool.queue, busy = 0, workers = {} }
  for _, member in ipairs(pool.members) do
    if member.future then stats.busy = stats.busy + 1 end
    for _, worker in ipairs(member.worker.stats().workers) do stats.workers[#stats.workers + 1] = worker end
  end
  return stats
end

local pools = 0

function dll.pool(options)
  options = options or {}
  if type(options) ~= "table" then fail("type", "dll.pool: a table of options is needed, not " .. tostring(options)) end
  pools = pools + 1
  local size = count(options, "size")
  local pool = { options = {}, members = {}, queue = {}, opened = 0, name = options.name or "pool " .. pools }
  pool.max = size or count(options, "max") or 4
  pool.min = size or count(options, "min") or 1
  pool.idle = options.idle or IDLE
  if size and (options.min or options.max) then fail("type", "dll.pool: a pool has a size, or min and max") end
  if type(pool.idle) ~= "number" then fail("type", "dll.pool: option 'idle': a number of seconds is needed, not " .. tostring(pool.idle)) end
  if pool.min > pool.max then fail("range", "dll.pool: min is more than max") end
  for key, value in pairs(options) do
    if not OWN[key] then pool.options[key] = value end
  end
  while #pool.members < pool.min do open(pool) end
  local face = {
    load = function(path, load_options) return load(pool, path, load_options) end,
    map = function(called, list)
      if type(list) ~= "table" then fail("type", "pool.map: a list is needed, not " .. tostring(list)) end
      return map(pool, called_of("pool.map", pool, called), list)
    end,
    async = function(called, ...) return start(pool, called_of("pool.async", pool, called), pack(...)) end,
    session = function(key) return session(pool, key) end,
    release = function(key) return release(pool, key) end,
    stats = function() return figures(pool) end,
    close = function() close(pool) end,
    name = pool.name,
  }
  return setmetatable(face, {
    __close = function() close(pool) end,
    __name = "dll pool",
    __tostring = function() return "dll pool '" .. pool.name .. "'" end,
  })
end
