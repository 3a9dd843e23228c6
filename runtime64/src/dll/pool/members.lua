-- The members of a pool, one for each worker: which call each of them runs, and how results are collected. A callback
-- may use or close its own pool while an outer frame is checking the call it belongs to; so state is checked again
-- after each check.

local open_worker, rust = ...
local now, fail, rest = rust.now, rust.fail, rust.rest

local error, ipairs, pairs, pcall, setmetatable = error, ipairs, pairs, pcall, setmetatable
local pack, remove, unpack = table.pack, table.remove, table.unpack

local members = {}

-- The results of a call that was not made.
local function failed(kind, message) return pack(pcall(fail, kind, message)) end

-- The waiting calls, from `first` to `last`; withdrawn ones have results. `count` is the number of the others.
local function empty_queue() return { first = 1, last = 0, count = 0 } end

function members.new_pool(name, options)
  return { name = name, options = options, members = {}, queue = empty_queue(), opened = 0 }
end

-- Opens another worker.
function members.open(pool)
  pool.opened = pool.opened + 1
  local options = {}
  for key, value in pairs(pool.options) do options[key] = value end
  options.name = pool.name .. " " .. pool.opened
  -- Weak, so that libraries which the script has dropped can be collected.
  local member = { worker = open_worker(options), libraries = setmetatable({}, { __mode = "k" }), since = now() }
  pool.members[#pool.members + 1] = member
  return member
end

-- The library in one worker, loaded on first use.
function members.loaded(member, library)
  local own = member.libraries[library]
  if not own then
    own = member.worker.load(library.path, library.options)
    member.libraries[library] = own
  end
  return own
end

-- The outcome of a call. An error in a callback becomes the error of the call, unless the call ended in a crash or
-- timeout.
local function outcome(future)
  local results = pack(pcall(future.job.wait, future.job))
  local raised, own = future.raised, not results[1] and results[2]
  if raised and not (own and (own.kind == "crash" or own.kind == "timeout")) then return raised end
  return results
end

-- A call has returned or failed: its worker is free. A nested check may have done this already.
local function finish(member, future)
  if member.future ~= future then return end
  member.future, member.since = nil, now()
  future.results = outcome(future)
  future.job, future.member, future.raised = nil, nil, nil
end

-- Starts a call in a worker. The worker counts as busy meanwhile, as a restart function may use the pool.
local function begin(member, future)
  local called, arguments = future.called, future.arguments
  member.future, member.is_checked = future, true
  future.member, future.arguments = member, nil
  local ok, job = pcall(function()
    return member.worker.async(members.loaded(member, called.library)[called.name], unpack(arguments, 1, arguments.n))
  end)
  member.is_checked = false
  if future.results then
    -- The pool was closed meanwhile.
    if ok then pcall(job.cancel, job, true) end
  elseif ok then
    future.job = job
  else
    member.future, future.member, future.results = nil, nil, { false, job, n = 2 }
  end
end

-- Checks whether a member's call has returned, which also serves its callbacks. Their errors belong to that call, not
-- to the caller of this function.
local function check(member)
  local future = member.future
  if not future or member.is_checked then return false end
  member.is_checked = true
  local ok, is_done = pcall(future.job.done, future.job)
  member.is_checked = false
  if not ok then
    future.raised = future.raised or { false, is_done, n = 2 }
    return false
  end
  if is_done then finish(member, future) end
  return is_done
end

-- Forgets workers that the script has closed, usually those of a finished session.
local function drop_closed(pool)
  for index = #pool.members, 1, -1 do
    local member = pool.members[index]
    if not member.future and member.worker.closed() then remove(pool.members, index) end
  end
end

-- Whether a worker has died and does not restart.
local function has_ended(pool, member) return pool.options.restart == "never" and member.worker.ended() end

-- A worker that is idle and not reserved, opened if the maximum allows. A dead one that does not restart is returned
-- only if no other one will become free: it reports the reason of its death.
function members.free(pool)
  drop_closed(pool)
  local ended, is_any_busy
  for _, member in ipairs(pool.members) do
    if not member.is_kept then
      if member.future then
        is_any_busy = true
      elseif has_ended(pool, member) then
        ended = ended or member
      else
        return member
      end
    end
  end
  if #pool.members < pool.max then return members.open(pool) end
  return not is_any_busy and ended or nil
end

-- A worker for looking up names in a library: an idle one, or else any, a reserved one only if there is no other.
function members.any(pool)
  drop_closed(pool)
  local other
  for _, member in ipairs(pool.members) do
    if not member.is_kept then
      local has_ended = has_ended(pool, member)
      if not member.future and not has_ended then return member end
      if not other or not has_ended then other = member end
    end
  end
  return other or pool.members[1] or members.open(pool)
end

-- The member reserved for a key.
function members.of_session(pool, key)
  drop_closed(pool)
  for _, member in ipairs(pool.members) do
    if member.is_kept and member.key == key then return member end
  end
end

-- Closes workers that have been idle for too long, down to the minimum.
local function shrink(pool)
  for index = #pool.members, 1, -1 do
    if #pool.members <= pool.min then return end
    local member = pool.members[index]
    if not member.future and not member.is_kept and now() - member.since > pool.idle then
      remove(pool.members, index)
      member.worker.close()
    end
  end
end

-- The call that has waited longest.
local function next_waiting(queue)
  while true do
    local future = queue[queue.first]
    queue[queue.first], queue.first = nil, queue.first + 1
    if not future.results then
      queue.count = queue.count - 1
      return future
    end
  end
end

-- Collects the results of calls that have returned. Returns whether there were any.
local function collect(pool)
  local is_any = false
  for _, member in ipairs(pool.members) do is_any = check(member) or is_any end
  return is_any
end

-- Starts waiting calls, at most one for each worker: calls that fail at once are not all made before the first failure
-- is noticed.
local function hand_out(pool)
  for _ = 1, pool.max do
    if pool.queue.count == 0 then return shrink(pool) end
    local member = members.free(pool)
    if not member then return end
    begin(member, next_waiting(pool.queue))
  end
end

function members.pump(pool)
  collect(pool)
  hand_out(pool)
end

-- Raises an error if a wait could never end: every worker is reserved, or is waiting for the caller.
function members.check_progress(pool, doing)
  if #pool.members < pool.max then return end
  local waits_for_us = false
  for _, member in ipairs(pool.members) do
    local is_free = not member.future and not member.is_kept and not has_ended(pool, member)
    if is_free or member.future and not member.is_checked then return end
    waits_for_us = waits_for_us or member.is_checked
  end
  if waits_for_us then fail("callback", doing .. ": every worker of the pool waits for this callback") end
  local reserved = ": all " .. pool.max .. " workers of " .. pool.name .. " are reserved for sessions"
  fail("range", doing .. reserved .. "; pool.release releases one")
end

-- Waits until a condition is met, and returns whether it was in time. Waiting calls start as others return.
function members.await(pool, doing, limit, is_met)
  local begun = now()
  local quiet_since, checks = begun, 0
  while true do
    local is_any = collect(pool)
    -- The waiter for a free worker takes precedence over waiting calls.
    local met = is_met()
    hand_out(pool)
    if met or is_met() then return true end
    members.check_progress(pool, doing)
    local moment = now()
    if limit and moment - begun >= limit then return false end
    if is_any then quiet_since, checks = moment, 0 end
    checks = checks + 1
    rest(checks, moment - quiet_since, limit and limit - (moment - begun))
  end
end

-- Adds a call to the queue.
function members.enqueue(pool, future)
  local queue = pool.queue
  queue.last, queue.count = queue.last + 1, queue.count + 1
  queue[queue.last] = future
end

-- Withdraws a call that has not begun. If its future was dropped, no error is needed.
function members.withdraw(pool, future, is_forgotten)
  future.results = is_forgotten and { false, n = 2 }
    or failed("interrupted", future.called.name .. ": cancelled before it began")
  future.arguments = nil
  pool.queue.count = pool.queue.count - 1
  if pool.queue.count == 0 then pool.queue = empty_queue() end
end

-- Terminates a member's call and its worker, in any state.
local function close_member(member)
  local future = member.future
  local job = future and future.job
  local is_told = job and pcall(job.cancel, job, true)
  if is_told then finish(member, future) end
  pcall(member.worker.close)
  if job then
    -- The worker had died for another reason, which the call has received by now.
    finish(member, future)
  elseif future then
    future.results = failed("interrupted", future.called.name .. ": its pool was closed before it began")
  end
end

-- Ends all calls and workers. Raises no errors, as the caller may have one of its own.
function members.close(pool)
  pool.closed = true
  local queue, closing = pool.queue, pool.members
  pool.queue, pool.members = empty_queue(), {}
  for index = queue.first, queue.last do
    local future = queue[index]
    if not future.results then
      future.results = failed("interrupted", future.called.name .. ": its pool was closed before it began")
    end
  end
  for _, member in ipairs(closing) do close_member(member) end
end

return members
