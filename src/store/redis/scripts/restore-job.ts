import { jobPrelude } from "./job-prelude.ts";

/**
 * Events and points of a finished job that is to be recorded again: called before `restoreJob`, so that a job is known when it is whole.
 *
 * KEYS  1–10 as in the prelude
 * ARGV  1 'first' to forget what a restoration that was cut has left   2 how many events   3 event's id   4 event, JSON   …
 *       then the step of a block's last point, and the block, alternately
 * Result  1, or 0 if the job is known
 */
export const restoreLog = `${jobPrelude}
if redis.call('EXISTS', job) == 1 then return 0 end
if ARGV[1] == 'first' then redis.call('DEL', events, metrics) end
local points = 3 + 2 * ARGV[2]
for position = 3, points - 1, 2 do redis.call('XADD', events, ARGV[position], 'event', ARGV[position + 1]) end
for position = points, #ARGV, 2 do redis.call('ZADD', metrics, ARGV[position], ARGV[position + 1]) end
return 1
`;

/**
 * Records a finished job as its manifest tells it, unless there is one of this id.
 *
 * KEYS  1–10 as in the prelude   11 tenants
 * ARGV  1 id   2 fields of the record, JSON   3 state   4 entry of the history, JSON   5 …
 * Result  1, or 0 if the job is known
 */
export const restoreJob = `${jobPrelude}
if redis.call('EXISTS', job) == 1 then return 0 end
setAll(ARGV[2])
for position = 4, #ARGV do redis.call('RPUSH', history, ARGV[position]) end
redis.call('SADD', KEYS[11], redis.call('HGET', job, 'tenant'))
redis.call('ZADD', index, 0, ARGV[1])
redis.call('ZADD', index .. ':' .. ARGV[3], 0, ARGV[1])
tell()
return 1
`;

/**
 * Puts a finished job's curve into blocks in place of its points.
 *
 * KEYS  1–10 as in the prelude
 * ARGV  1 how many points there are   2 step of a block's last point   3 block   4 step …
 * Result  1, or 0 if the job is not done, or the curve another
 */
export const packCurve = `${jobPrelude}
if not done[redis.call('HGET', job, 'state')] or redis.call('ZCARD', metrics) ~= tonumber(ARGV[1]) then return 0 end
redis.call('DEL', metrics)
for position = 2, #ARGV, 2 do redis.call('ZADD', metrics, ARGV[position], ARGV[position + 1]) end
return 1
`;

/**
 * Notes that a finished job's files are written, unless they lack an event by now.
 *
 * KEYS  1 events   2 set of the unpublished
 * ARGV  1 id   2 the last event that they have, '' for none
 * Result  1, or 0 if they are to be written again
 */
export const notePublished = `
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if (last and last[1] or '') ~= ARGV[2] then return 0 end
redis.call('SREM', KEYS[2], ARGV[1])
return 1
`;
