import { isDone, JobState, transitions } from "../../domain/job-state.ts";
import { limits } from "../../domain/limits.ts";

const luaSet = (names: readonly string[]): string => `{${names.map((name) => `${name}=true`).join(", ")}}`;

/** States in which a trainer holds the job: those that fenced transitions start from. */
export const heldStates: readonly JobState[] = [
  ...new Set(Object.values(transitions).flatMap(({ from, fenced }): readonly JobState[] => (fenced ? from : []))),
];

const HISTORY_LENGTH = 1000;

/**
 * What the scripts on one job share.
 *
 * KEYS  1 record (hash)   2 history (list)   3 events (stream)   4 metrics (set sorted by step)
 *       5 index of ids, `:<state>` of those in a state   6 prefix of the sets of holders   7 channel of changes
 *
 * A record's fields are strings: id state attempt progress crashes progressStep priority dataset base createdAt startedAt
 * endedAt model leaseUntilMs, and as JSON spec plan metrics error checkpoints.
 */
export const jobPrelude = `
local job, history, events, metrics = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local index, holders, changes = KEYS[5], KEYS[6], KEYS[7]
local held = ${luaSet(heldStates)}
local done = ${luaSet(JobState.options.filter(isDone))}

local function nowMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function setAll(fieldsJson)
  for field, value in pairs(cjson.decode(fieldsJson)) do redis.call('HSET', job, field, value) end
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

local function noteState(to, at, reason, attempt)
  redis.call('RPUSH', history, cjson.encode({ state = to, at = at, reason = reason, attempt = attempt }))
  redis.call('LTRIM', history, -${HISTORY_LENGTH}, -1)
  local level = to == 'failed' and 'error' or 'info'
  addEvent(cjson.encode({ at = at, level = level, type = 'state', message = reason, data = { state = to, attempt = attempt } }))
end

-- One transition: record, indices, history, event, what the job held, and the news of it.
local function move(to, at, reason)
  local id, from, attempt, dataset, base = unpack(redis.call('HMGET', job, 'id', 'state', 'attempt', 'dataset', 'base'))
  redis.call('HSET', job, 'state', to)
  redis.call('ZREM', index .. ':' .. from, id)
  redis.call('ZADD', index .. ':' .. to, 0, id)
  noteState(to, at, reason, tonumber(attempt))
  if not held[to] then redis.call('HDEL', job, 'leaseUntilMs') end
  if done[to] then
    redis.call('HSET', job, 'endedAt', at)
    redis.call('SREM', holders .. ':' .. dataset, id)
    if base ~= '' then redis.call('SREM', holders .. ':' .. base, id) end
  end
  tell()
end
`;
