import { limits } from "../../../domain/limits.ts";

/**
 * What a tracking server is to be told of a job, for one process at a time. What was deleted meanwhile has nothing to tell any more.
 *
 * KEYS  1 record (hash, with `run`: attempts that failed)   2 history (list)   3 runs that are due (set sorted by when to look at them)
 * ARGV  1 member of the due set   2 now, ms   3 until when it is taken, ms
 * Result  {failed attempts so far, record, history}; nil if it is not due
 */
export const takeDueRun = `
local at = redis.call('ZSCORE', KEYS[3], ARGV[1])
if not at or tonumber(at) > tonumber(ARGV[2]) then return nil end
local failures = redis.call('HGET', KEYS[1], 'run')
if not failures then
  redis.call('ZREM', KEYS[3], ARGV[1])
  return nil
end
redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1])
return { failures, redis.call('HGETALL', KEYS[1]), redis.call('LRANGE', KEYS[2], 0, -1) }
`;

/**
 * What came of it: an event of the job, which its log in the artifact store lacks now, and either one failure more or nothing left to do.
 *
 * KEYS  1 record   2 events (stream)   3 index of ids, `:unpublished` of those whose manifest is due   4 channel of changes   5 runs that are due
 * ARGV  1 member of the due set   2 id   3 event, JSON   4 when to try again, ms; empty: it is settled
 * Result  1, or 0 if nothing was due
 */
export const noteRunOutcome = `
if not redis.call('ZSCORE', KEYS[5], ARGV[1]) then return 0 end
if ARGV[4] == '' then redis.call('ZREM', KEYS[5], ARGV[1]) else redis.call('ZADD', KEYS[5], ARGV[4], ARGV[1]) end
if redis.call('HEXISTS', KEYS[1], 'run') == 0 then return 0 end
if ARGV[4] ~= '' then redis.call('HINCRBY', KEYS[1], 'run', 1) end
redis.call('XADD', KEYS[2], 'MAXLEN', '=', ${limits.eventsPerJob}, '*', 'event', ARGV[3])
redis.call('SADD', KEYS[3] .. ':unpublished', ARGV[2])
redis.call('PUBLISH', KEYS[4], ARGV[2])
return 1
`;
