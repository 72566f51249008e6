import { isDone, JobState, transitions } from "../../../domain/jobs/job-state.ts";
import { limits } from "../../../domain/limits.ts";
import { redisKeys, usageDays } from "../redis-keys.ts";

const luaSet = (names: readonly string[]): string => `{${names.map((name) => `${name}=true`).join(", ")}}`;

/** States in which a trainer holds the job: those that fenced transitions start from. */
export const heldStates: readonly JobState[] = [
  ...new Set(Object.values(transitions).flatMap(({ from, fenced }): readonly JobState[] => (fenced ? from : []))),
];

const HISTORY_LENGTH = 1000;
const HIGHEST_PRIORITY = 100;
/** The queue sorts by whole numbers up to 2²¹ − 1; a flow that is longer loses its order, not its jobs. */
const LAST_PLACE = 2 ** 21 - 1;

/**
 * What the scripts on one job share.
 *
 * KEYS  1 record (hash)   2 history (list)   3 events (stream)   4 metrics (set sorted by step: points as JSON; of a finished job blocks of them, by the step of the last)
 *       5 index of ids, `:<state>` of those in a state, `:unpublished` of those whose manifest is due   6 prefix of the sets of holders   7 channel of changes
 *       8 places in the queue (hash: `now`, the last of each tenant and priority, `<tenant>:` the priorities there are)   9 waiting jobs' ids, of all tenants (set);
 *         both of the default pool, those of another have its name behind an @
 *       10 webhooks that are due (set sorted by when to look at them), also the channel that tells of new ones
 *
 * A record's fields are strings: id tenant state attempt progress crashes progressStep priority pool (but the default one) place claim dataset base createdAt
 * study pauseAtEpoch reachedEpoch reachedFolds (of a study's trial) startedAt endedAt model leaseUntilMs heldSinceMs (while a trainer holds it) plannedMs (that the plan takes) waitingMs (while it waits: the work that it counts) webhook (if it has one: deliveries that failed) run (if a tracking server is to have it: attempts that failed), and as JSON spec plan metrics error prediction origin
 * checkpoints.
 */
export const jobPrelude = `
local job, history, events, metrics = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local index, holders, changes, places, waiting, due = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
-- Tenants take turns within each pool.
local function usePool(pool)
  local of = pool and pool ~= '' and '@' .. pool or ''
  places, waiting = KEYS[8] .. of, KEYS[9] .. of
end

local held = ${luaSet(heldStates)}
local done = ${luaSet(JobState.options.filter(isDone))}

local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function setAll(fieldsJson)
  local pairsOfFields = {}
  for field, value in pairs(cjson.decode(fieldsJson)) do
    pairsOfFields[#pairsOfFields + 1] = field
    pairsOfFields[#pairsOfFields + 1] = value
  end
  if #pairsOfFields > 0 then redis.call('HSET', job, unpack(pairsOfFields)) end
end

local function read()
  return { redis.call('HGETALL', job), redis.call('LRANGE', history, 0, -1) }
end

local function tell()
  redis.call('PUBLISH', changes, redis.call('HGET', job, 'id'))
end

local function addEvent(eventJson)
  redis.call('XADD', events, 'MAXLEN', '=', ${limits.eventsPerJob}, '*', 'event', eventJson)
end

-- The state if this attempt holds the job, else false.
local function heldBy(attempt)
  local state, current = unpack(redis.call('HMGET', job, 'state', 'attempt'))
  return state and current == attempt and held[state] and state
end

local function renewLease(leaseMs)
  redis.call('HSET', job, 'leaseUntilMs', string.format('%.0f', nowMs() + leaseMs))
end

-- How long a trainer held the job, and that it ended, for the tenant's bill: part of the change itself, so that no crash loses or doubles it.
local function noteUsage(to)
  local since, leaseUntil, prediction = unpack(redis.call('HMGET', job, 'heldSinceMs', 'leaseUntilMs', 'prediction'))
  local now = nowMs()
  if held[to] and not since then redis.call('HSET', job, 'heldSinceMs', string.format('%.0f', now)) end
  if held[to] or not (since or done[to]) then return end
  local usage = index .. ':usage:' .. math.floor(now / 86400000)
  -- A trainer that is gone held it no longer than its lease.
  if since then redis.call('HINCRBY', usage, 'computeMs', math.max(0, math.min(now, tonumber(leaseUntil or now)) - since)) end
  if done[to] then redis.call('HINCRBY', usage, 'jobs', 1) end
  if to == 'succeeded' and prediction then redis.call('HINCRBY', usage, 'predictedRows', cjson.decode(prediction).rows) end
  redis.call('EXPIRE', usage, ${usageDays * 86_400})
  redis.call('HDEL', job, 'heldSinceMs')
end

local function noteState(to, at, reason, attempt)
  redis.call('RPUSH', history, cjson.encode({ state = to, at = at, reason = reason, attempt = attempt }))
  redis.call('LTRIM', history, -${HISTORY_LENGTH}, -1)
  noteUsage(to)
  local level = to == 'failed' and 'error' or 'info'
  addEvent(cjson.encode({ at = at, level = level, type = 'state', message = reason, data = { state = to, attempt = attempt } }))
end

-- Start-time fair queueing (Goyal, Vin and Cheng 1996), every job of cost 1: a job's place is the place being served, or the one
-- after the tenant's last of this priority or above. So tenants take turns however much one of them submits, and within a
-- tenant a higher priority goes first. When nobody waits there is nothing to be fair about: the count starts anew.
local function takePlace(tenant, priority)
  if redis.call('SCARD', waiting) == 0 then redis.call('DEL', places) end
  local flow, flows = tenant .. ':' .. priority, tenant .. ':'
  local now, used, last = unpack(redis.call('HMGET', places, 'now', flows, flow))
  local place = math.max(tonumber(now or 1), tonumber(last or 0) + 1)
  local above = {}
  if used then
    for each in string.gmatch(used, '%S+') do
      if tonumber(each) > tonumber(priority) then above[#above + 1] = each end
    end
  else
    -- An earlier version did not write down which there are.
    for each = priority + 1, ${HIGHEST_PRIORITY} do above[#above + 1] = string.format('%.0f', each) end
  end
  local names = {}
  for i, each in ipairs(above) do names[i] = flows .. each end
  local known = used or ''
  for i, one in ipairs(#names > 0 and redis.call('HMGET', places, unpack(names)) or {}) do
    if one then place = math.max(place, one + 1) end
    if one and not used then known = known .. ' ' .. above[i] end
  end
  place = math.min(place, ${LAST_PLACE})
  redis.call('HSET', places, flow, place)
  if not string.find(known .. ' ', ' ' .. priority .. ' ', 1, true) then
    redis.call('HSET', places, flows, known .. ' ' .. priority)
  end
  return place
end

-- Counts the work of one more job that waits, before it is among them.
local function addWork(ms)
  local work = waiting .. ':work'
  -- Whatever was lost count of is forgotten when nothing waits.
  if redis.call('SCARD', waiting) == 0 then redis.call('DEL', work) end
  redis.call('HINCRBY', work, 'ms', ms)
end

-- The work that waits, in planned milliseconds of one trainer, for whoever starts and stops trainers. A job counts what it has not
-- yet done; what it counted stands in its record, so that it leaves with exactly that.
local function noteWork(from, to)
  if from == 'queued' then
    local counted = redis.call('HGET', job, 'waitingMs')
    -- Not -counted: of nothing that is -0, which Redis takes for no integer.
    if counted then redis.call('HINCRBY', waiting .. ':work', 'ms', 0 - counted) end
    redis.call('HDEL', job, 'waitingMs')
  end
  if to ~= 'queued' then return end
  local planned, progress = unpack(redis.call('HMGET', job, 'plannedMs', 'progress'))
  if not planned then
    -- A record from before there was this field.
    local plan = redis.call('HGET', job, 'plan')
    local seconds = plan and cjson.decode(plan).estimatedSeconds
    if type(seconds) ~= 'number' then return end
    planned = math.min(seconds, 1e9) * 1000
  end
  local ms = string.format('%.0f', math.ceil(planned * (1 - (tonumber(progress) or 0))))
  redis.call('HSET', job, 'waitingMs', ms)
  addWork(ms)
end

-- What waits in the queue. A job that was taken up has had its turn and did not use it up: it goes to the front.
local function noteWaiting(id, from, to)
  if from == 'queued' then redis.call('SREM', waiting, id) end
  noteWork(from, to)
  if to ~= 'queued' then return end
  local place = 1
  if not held[from] then place = takePlace(unpack(redis.call('HMGET', job, 'tenant', 'priority'))) end
  redis.call('HSET', job, 'place', place)
  redis.call('SADD', waiting, id)
end

-- That the end is to be told is part of the end: no crash can come between the two.
local function noteDue(id, field, into)
  local tenant, told = unpack(redis.call('HMGET', job, 'tenant', field))
  if not told then return end
  redis.call('ZADD', into, 0, tenant .. '/' .. id)
  redis.call('PUBLISH', into, id)
end

-- Whoever looks after the study of this trial is to look now; those who miss it look every few seconds.
local function tellStudy()
  local tenant, study = unpack(redis.call('HMGET', job, 'tenant', 'study'))
  if study then redis.call('PUBLISH', '${redisKeys.studyNews}', tenant .. '/' .. study) end
end

-- One transition: record, indices, history, event, what the job held, and the news of it.
local function move(to, at, reason)
  local id, from, attempt, dataset, base, pool = unpack(redis.call('HMGET', job, 'id', 'state', 'attempt', 'dataset', 'base', 'pool'))
  usePool(pool)
  redis.call('HSET', job, 'state', to)
  redis.call('ZREM', index .. ':' .. from, id)
  redis.call('ZADD', index .. ':' .. to, 0, id)
  noteWaiting(id, from, to)
  noteState(to, at, reason, tonumber(attempt))
  if not held[to] then redis.call('HDEL', job, 'leaseUntilMs') end
  if done[to] or to == 'paused' then tellStudy() end
  if done[to] then
    redis.call('HSET', job, 'endedAt', at)
    redis.call('SREM', holders .. ':' .. dataset, id)
    if base ~= '' then redis.call('SREM', holders .. ':' .. base, id) end
    redis.call('SADD', index .. ':unpublished', id)
    noteDue(id, 'webhook', due)
    noteDue(id, 'run', '${redisKeys.dueRuns}')
  end
  tell()
end
`;
