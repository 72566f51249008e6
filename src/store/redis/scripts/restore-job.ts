import { jobPrelude } from "./job-prelude.ts";

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
