import { limits } from "../../../domain/limits.ts";

/** The field of a record that says that somebody is to be told of its end: how many attempts failed. */
type Told = "webhook" | "run";

/**
 * What is to be told of a job or a study. What was deleted meanwhile has nothing to tell any more.
 *
 * KEYS  1 record   2 history (list; a study has none)   3 what is due (set sorted by when to look at it)
 * ARGV  1 member of the due set   2 now, ms, and   3 until when the caller alone has it, ms; both empty: it is read, whoever has it
 * Result  {failed attempts so far, record, history}; nil if nothing is due
 */
export const readDue = (field: Told): string => `
local at = redis.call('ZSCORE', KEYS[3], ARGV[1])
if not at or (ARGV[2] ~= '' and tonumber(at) > tonumber(ARGV[2])) then return nil end
local failures = redis.call('HGET', KEYS[1], '${field}')
if not failures then
  redis.call('ZREM', KEYS[3], ARGV[1])
  return nil
end
if ARGV[3] ~= '' then redis.call('ZADD', KEYS[3], ARGV[3], ARGV[1]) end
return { failures, redis.call('HGETALL', KEYS[1]), redis.call('LRANGE', KEYS[2], 0, -1) }
`;

/**
 * What came of telling: an event of the job or study, which its log in the artifact store lacks now, and either one failure more or nothing left to do. Told once: when
 * another process has settled it, nothing changes.
 *
 * KEYS  1 record   2 events (stream)   3 index of ids, `:unpublished` of those whose manifest is due   4 channel of changes   5 what is due
 * ARGV  1 member of the due set   2 id   3 event, JSON   4 when to look at it again, ms; 'settled': nothing is left to do; 'kept': when it was to be looked at already
 * Result  1, or 0 if nothing was due
 */
export const noteOutcome = (field: Told): string => `
if not redis.call('ZSCORE', KEYS[5], ARGV[1]) then return 0 end
if ARGV[4] == 'settled' then
  redis.call('ZREM', KEYS[5], ARGV[1])
elseif ARGV[4] ~= 'kept' then
  redis.call('ZADD', KEYS[5], ARGV[4], ARGV[1])
end
if redis.call('HEXISTS', KEYS[1], '${field}') == 0 then return 0 end
if ARGV[4] ~= 'settled' then redis.call('HINCRBY', KEYS[1], '${field}', 1) end
redis.call('XADD', KEYS[2], 'MAXLEN', '=', ${limits.eventsPerJob}, '*', 'event', ARGV[3])
redis.call('SADD', KEYS[3] .. ':unpublished', ARGV[2])
redis.call('PUBLISH', KEYS[4], ARGV[2])
return 1
`;
