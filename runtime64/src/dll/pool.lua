-- Pools: several workers for calls that are independent of each other. Each worker runs one call at a time, on a thread
-- of its own. The script distributes the calls, and checks for results whenever it uses the pool.

local dll, rust, members = ...
local numbered, now, fail, wrong = rust.numbered, rust.now, rust.fail, rust.wrong

local error, getmetatable, ipairs, pairs, pcall = error, getmetatable, ipairs, pairs, pcall
local rawequal, rawset, setmetatable, tostring, type = rawequal, rawset, setmetatable, tostring, type
local pack, unpack = table.pack, table.unpack
local number_type, tointeger = math.type, math.tointeger
local await, loaded, pump, withdraw = members.await, members.loaded, members.pump, members.withdraw

-- The seconds after which an idle worker that was opened on demand is closed.
local IDLE = 10

-- The default and the largest maximum number of workers of a pool, and the largest number of arguments in an element of
-- a list.
local DEFAULT_MAX, MAX_WORKERS, MAX_ARGUMENTS = 4, 1000, 255

-- The options of a pool besides those of its workers.
local OWN = { size = true, min = true, max = true, idle = true, name = true }

local Future = { __name = "future of a pool" }
Future.__index = Future

local function check_open(pool)
  if pool.closed then fail("worker_lost", "dll.pool: the pool was closed") end
end

local function enqueued(pool, called, arguments)
  check_open(pool)
  local future = setmetatable({ pool = pool, called = called, arguments = arguments }, Future)
  members.enqueue(pool, future)
  return future
end

-- Waits until the future has results, and returns whether it has.
local function settle(future, limit)
  local name = future.called.name
  return await(future.pool, name, limit, function()
    if future.results then return true end
    if future.member and future.member.is_checked then
      fail("callback", name .. ": already being waited for, by the caller of this callback")
    end
  end)
end

local function results_of(future)
  local results = future.results
  if not results[1] then error(results[2], 0) end
  return unpack(results, 2, results.n)
end

-- Discards a call whose future only its creator had: withdraws it, or ignores its results.
local function forget(future)
  if not future.results and not future.member then withdraw(future.pool, future, true) end
end

local function check_future(doing, future)
  if getmetatable(future) ~= Future then wrong(doing, "a future of a pool", future) end
end

function Future:done(is_waited_for)
  check_future("future:done", self)
  if not self.results then pump(self.pool) end
  -- If nothing else is waited for, an endless wait is an error.
  if is_waited_for and not self.results then members.check_progress(self.pool, self.called.name) end
  return self.results ~= nil
end

function Future:wait(limit)
  check_future("future:wait", self)
  if limit ~= nil and not (type(limit) == "number" and limit >= 0) then wrong("future:wait", "a number of seconds", limit) end
  if not self.results and not settle(self, limit) then
    local state = self.job and "not done after %s seconds; the call continues"
      or "not begun after %s seconds; it is waiting for a worker"
    fail("timeout", self.called.name .. ": " .. state:format(limit))
  end
  return results_of(self)
end

function Future:cancel(force)
  check_future("future:cancel", self)
  if self.results then return false end
  if self.job then
    -- The call of a worker that has died meanwhile has failed; waiting for it reports that.
    local ok, is_cancelled = pcall(self.job.cancel, self.job, not not force)
    return ok and is_cancelled
  end
  -- A call that is just being started cannot be withdrawn.
  if self.member then return false end
  withdraw(self.pool, self)
  return true
end

function Future:__tostring()
  return "future of " .. self.called.name .. " (" .. (self.results and "done" or self.job and "pending" or "waiting") .. ")"
end

local Called = { __name = "function of a pool" }

function Called:__call(...)
  local future = enqueued(self.pool, self, pack(...))
  local ok, raised = pcall(settle, future)
  if not ok then
    forget(future)
    error(raised, 0)
  end
  return results_of(future)
end

function Called:__tostring() return self.library.path .. ": " .. self.name .. " (in any worker of a pool)" end

local Library = { __name = "library of a pool" }

-- A function name stands for the function in any free worker; other names are read in one worker, as they are the same
-- in all.
function Library:__index(name)
  local library = getmetatable(self).library
  local value = loaded(library.first(), library)[name]
  if type(value) ~= "userdata" then return value end
  if not rust.is_function(value) then
    fail("type", library.path .. ": '" .. tostring(name) .. "' is an object, which belongs to one worker; use pool.session")
  end
  local called = setmetatable({ pool = library.pool, library = library, name = name }, Called)
  rawset(self, name, called)
  return called
end

local function called_of(doing, pool, value)
  if getmetatable(value) ~= Called or value.pool ~= pool then
    wrong(doing, "a function of a library that this pool has loaded", value)
  end
  return value
end

-- The arguments in an element of a list: several if it was made by table.pack.
local function arguments_of(element)
  if type(element) == "table" and getmetatable(element) == nil and number_type(element.n) == "integer" then
    if element.n >= 0 and element.n <= MAX_ARGUMENTS then return element end
  end
  return { element, n = 1 }
end

-- The results of calls in order, or the error of the first that failed.
local function gathered(futures)
  local results = { n = #futures }
  for index, future in ipairs(futures) do
    if not future.results then settle(future) end
    local own = future.results
    if not own[1] then error(numbered(own[2], index), 0) end
    results[index] = own.n > 2 and pack(unpack(own, 2, own.n)) or own[2]
  end
  return results
end

-- Calls a function for each element of a list.
local function map(pool, called, list)
  check_open(pool)
  if type(list) ~= "table" then wrong("pool.map", "a list", list) end
  local futures = {}
  for index, element in ipairs(list) do futures[index] = enqueued(pool, called, arguments_of(element)) end
  local ok, results = pcall(gathered, futures)
  if ok then return results end
  for _, future in ipairs(futures) do forget(future) end
  error(results, 0)
end

local function check_key(doing, key)
  if key == nil or key ~= key then wrong(doing, "a key that identifies the session", key) end
end

-- A worker reserved for a key.
local function session(pool, key)
  check_open(pool)
  check_key("pool.session", key)
  local member = members.of_session(pool, key)
  if not member then
    await(pool, "pool.session", nil, function()
      check_open(pool)
      -- A callback served meanwhile may have used the same key.
      member = member or members.of_session(pool, key) or members.free(pool)
      if member then member.is_kept, member.key = true, key end
      return member ~= nil
    end)
  end
  return member.worker
end

local function release(pool, key)
  check_key("pool.release", key)
  local member = members.of_session(pool, key)
  if not member then return false end
  member.is_kept, member.key, member.since = nil, nil, now()
  pump(pool)
  return true
end

local function copy_of(options)
  if type(options) ~= "table" then return options end
  local copy = {}
  for key, value in pairs(options) do copy[key] = value end
  return copy
end

local function load(pool, path, options)
  check_open(pool)
  local library = { pool = pool, path = path, options = copy_of(options) }
  library.first = function()
    -- The death of a worker is reported to its call before that worker is used again.
    pump(pool)
    check_open(pool)
    return members.any(pool)
  end
  -- Errors in loading the library are raised now.
  loaded(library.first(), library)
  local names = { __index = Library.__index, __name = Library.__name, library = library }
  names.__tostring = function() return path .. " (in any worker of " .. pool.name .. ")" end
  names.__newindex = function()
    fail("type", path .. ": a variable can be set in one worker only, not in all workers of a pool; use pool.session")
  end
  return setmetatable({}, names)
end

local function figures(pool)
  pump(pool)
  local stats = { size = #pool.members, min = pool.min, max = pool.max, waiting = pool.queue.count, busy = 0, workers = {} }
  for _, member in ipairs(pool.members) do
    if member.future then stats.busy = stats.busy + 1 end
    for _, worker in ipairs(member.worker.stats().workers) do stats.workers[#stats.workers + 1] = worker end
  end
  return stats
end

local function count(options, key)
  local value = options[key]
  if value == nil then return nil end
  local whole = type(value) == "number" and tointeger(value)
  if not whole or whole < 1 or whole > MAX_WORKERS then
    wrong("dll.pool: option '" .. key .. "'", "an integer from 1 to " .. MAX_WORKERS, value)
  end
  return whole
end

-- Creates a pool with options.
local function new_pool(options, number)
  local size, min, max = count(options, "size"), count(options, "min"), count(options, "max")
  if size and (min or max) then fail("type", "dll.pool: size excludes min and max") end
  if min and max and min > max then fail("range", "dll.pool: min exceeds max") end
  local name, idle = options.name, options.idle
  if name == nil then name = "pool " .. number end
  if idle == nil then idle = IDLE end
  if type(name) ~= "string" then wrong("dll.pool: option 'name'", "a string", name) end
  if type(idle) ~= "number" or not (idle >= 0) then wrong("dll.pool: option 'idle'", "a number of seconds", idle) end
  local further = {}
  for key, value in pairs(options) do
    if not OWN[key] then further[key] = value end
  end
  local pool = members.new_pool(name, further)
  pool.min = size or min or 1
  pool.max = size or max or (pool.min > DEFAULT_MAX and pool.min or DEFAULT_MAX)
  pool.idle = idle
  while #pool.members < pool.min do members.open(pool) end
  return pool
end

-- The methods of a pool, callable with a dot or a colon.
local function methods_of(pool)
  return {
    load = function(path, options) return load(pool, path, options) end,
    map = function(called, list) return map(pool, called_of("pool.map", pool, called), list) end,
    async = function(called, ...)
      local future = enqueued(pool, called_of("pool.async", pool, called), pack(...))
      pump(pool)
      return future
    end,
    session = function(key) return session(pool, key) end,
    release = function(key) return release(pool, key) end,
    stats = function() return figures(pool) end,
    close = function() members.close(pool) end,
  }
end

local pools = 0

function dll.pool(options)
  if options == nil then options = {} end
  if type(options) ~= "table" then wrong("dll.pool", "a table of options", options) end
  pools = pools + 1
  local pool = new_pool(options, pools)
  local face = { name = pool.name }
  for name, method in pairs(methods_of(pool)) do
    face[name] = function(first, ...)
      if rawequal(first, face) then return method(...) end
      return method(first, ...)
    end
  end
  return setmetatable(face, {
    __close = function() members.close(pool) end,
    __name = "dll pool",
    __tostring = function() return "dll pool '" .. pool.name .. "'" end,
  })
end
