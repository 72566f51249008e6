import { limits } from "../../../domain/limits.ts";
import { jobPrelude } from "./job-prelude.ts";
import { modelPrelude } from "./models.ts";

/**
 * A trainer takes a queued job up, under a new attempt number. A claim whose answer was lost gives the same when it is repeated.
 *
 * KEYS  1–10 as in the prelude
 * ARGV  1 states it may be in, JSON   2 state after it   3 time   4 reason   5 length of the lease, ms
 *       6 the most jobs that the tenant may have with trainers, '' for any number
 *       7 token of the claim
 * Result  {record, history}; nil if the job is in another state; {'full', places until the job's turn} at the tenant's limit
 */
export const claimJob = `${jobPrelude}
local state = redis.call('HGET', job, 'state')
if state and held[state] and redis.call('HGET', job, 'claim') == ARGV[7] then
  renewLease(ARGV[5])
  return read()
end
local allowed = false
for _, name in ipairs(cjson.decode(ARGV[1])) do allowed = allowed or name == state end
if not allowed then return nil end
local place, pool = unpack(redis.call('HMGET', job, 'place', 'pool'))
place = tonumber(place)
usePool(pool)
local now = math.max(tonumber(redis.call('HGET', places, 'now') or 1), place)
if ARGV[6] ~= '' then
  local running = 0
  for name in pairs(held) do running = running + redis.call('ZCARD', index .. ':' .. name) end
  if running >= tonumber(ARGV[6]) then return { 'full', place - tonumber(redis.call('HGET', places, 'now') or 1) } end
end
redis.call('HSET', places, 'now', now)
redis.call('HINCRBY', job, 'attempt', 1)
redis.call('HSET', job, 'claim', ARGV[7])
redis.call('HSETNX', job, 'startedAt', ARGV[3])
move(ARGV[2], ARGV[3], ARGV[4])
renewLease(ARGV[5])
return read()
`;

/**
 * A heartbeat, and how far the run is.
 *
 * KEYS  1–10 as in the prelude
 * ARGV  1 attempt   2 progress, 0 to 1   3 metrics, JSON   4 length of the lease, ms
 * Result  {1, state} if the attempt holds the job, else {0, state or ''}
 */
export const progressJob = `${jobPrelude}
local state = heldBy(ARGV[1])
if not state then return { 0, redis.call('HGET', job, 'state') or '' } end
redis.call('HSET', job, 'progress', ARGV[2], 'metrics', ARGV[3])
renewLease(ARGV[4])
tell()
return { 1, state }
`;

/**
 * Records a checkpoint, keeps the two newest, and forgets crashes if it went further than all before.
 *
 * KEYS  1–10 as in the prelude
 * ARGV  1 attempt   2 the checkpoint's record, JSON   3 length of the lease, ms
 * Result  {1, keys that may be deleted …}, or {0} if the attempt does not hold the job
 */
export const commitCheckpoint = `${jobPrelude}
if not heldBy(ARGV[1]) then return { 0 } end
local checkpoint = cjson.decode(ARGV[2])
local kept, result = { checkpoint }, { 1 }
for _, older in ipairs(cjson.decode(redis.call('HGET', job, 'checkpoints'))) do
  if older.key ~= checkpoint.key then
    if #kept < 2 then kept[2] = older else result[#result + 1] = older.key end
  end
end
redis.call('HSET', job, 'checkpoints', cjson.encode(kept))
if checkpoint.step > tonumber(redis.call('HGET', job, 'progressStep')) then
  redis.call('HSET', job, 'progressStep', string.format('%.0f', checkpoint.step), 'crashes', 0)
end
renewLease(ARGV[3])
tell()
return result
`;

/**
 * The last commit: the job succeeded and its model exists, in one step. Repeated by the same attempt, as its answer may have been
 * lost, it changes nothing and is accepted again.
 *
 * KEYS  1–10 as in the prelude   11 model   12 index of models   13 ids of the model's name   14 versions of the name
 * ARGV  1 attempt   2 states it may be in, JSON   3 time   4 reason   5 model's id   6 model, JSON   7 metrics, JSON
 * Result  1, or 0 if the attempt does not hold the job or the job was cancelled before
 */
export const succeedJob = `${jobPrelude}${modelPrelude}
local now, attempt, model = unpack(redis.call('HMGET', job, 'state', 'attempt', 'model'))
if now == 'succeeded' and attempt == ARGV[1] and model == ARGV[5] then return 1 end
local state = heldBy(ARGV[1])
local allowed = false
for _, name in ipairs(cjson.decode(ARGV[2])) do allowed = allowed or name == state end
if not allowed then return 0 end
redis.call('HSET', job, 'model', ARGV[5], 'metrics', ARGV[7], 'progress', 1, 'checkpoints', '[]')
recordModel(KEYS[11], KEYS[12], KEYS[13], KEYS[14], ARGV[5], ARGV[6], '')
local dataset, base = unpack(redis.call('HMGET', job, 'dataset', 'base'))
redis.call('SADD', holders .. ':' .. dataset, ARGV[5])
if base ~= '' then redis.call('SADD', holders .. ':' .. base, ARGV[5]) end
move('succeeded', ARGV[3], ARGV[4])
return 1
`;

/**
 * Appends an event to a job's event log.
 *
 * KEYS  1–10 as in the prelude
 * ARGV  1 attempt, '' for anyone   2 event, JSON
 * Result  1; 0 if the attempt does not hold the job; -1 if there is no such job
 */
export const appendEvent = `${jobPrelude}
if redis.call('EXISTS', job) == 0 then return -1 end
if ARGV[1] ~= '' and not heldBy(ARGV[1]) then return 0 end
addEvent(ARGV[2])
tell()
return 1
`;

/**
 * Appends points to the metrics history. What an earlier attempt wrote from the first point's step on is replaced; beyond the
 * limit every second point but the last goes.
 *
 * KEYS  1–10 as in the prelude
 * ARGV  1 attempt   2 length of the lease, ms   3 step   4 point, JSON   5 step   6 point …
 * Result  1, or 0 if the attempt does not hold the job
 */
export const appendMetrics = `${jobPrelude}
if not heldBy(ARGV[1]) then return 0 end
if ARGV[3] then redis.call('ZREMRANGEBYSCORE', metrics, ARGV[3], '+inf') end
for position = 3, #ARGV, 2 do redis.call('ZADD', metrics, ARGV[position], ARGV[position + 1]) end
local points = redis.call('ZCARD', metrics)
if points > ${limits.metricPointsPerJob} then
  for rank = 1, math.floor(points / 2) - 1 do redis.call('ZREMRANGEBYRANK', metrics, rank, rank) end
end
renewLease(ARGV[2])
tell()
return 1
`;
