import { limits } from "../../../domain/limits.ts";

/**
 * What a delivery must know of the job or the study. What was deleted meanwhile has nothing to tell any more.
 *
 * KEYS  1 record (hash, with `webhook`: deliveries that failed)   2 history (list; a study has none)   3 events (stream)
 *       4 index of ids, `:unpublished` of those whose manifest is due   5 channel of changes   6 webhooks that are due (set sorted by when to look at them)
 * ARGV  1 member of the due set
 * Result  {failed deliveries so far, record, history}; nil if nothing is due
 */
export const readDueWebhook = `
if not redis.call('ZSCORE', KEYS[6], ARGV[1]) then return nil end
local failures = redis.call('HGET', KEYS[1], 'webhook')
if not failures then
  redis.call('ZREM', KEYS[6], ARGV[1])
  return nil
end
return { failures, redis.call('HGETALL', KEYS[1]), redis.call('LRANGE', KEYS[2], 0, -1) }
`;

/**
 * What came of a delivery: an event of the job or study, which its log in the artifact store lacks now, and either one failure more or nothing left to do. Told once: when
 * another process has settled it, nothing changes.
 *
 * KEYS  1–6 as above
 * ARGV  1 member of the due set   2 id   3 event, JSON   4 'settled' if nothing is left to do
 * Result  1, or 0 if nothing was due
 */
export const noteWebhookOutcome = `
if not redis.call('ZSCORE', KEYS[6], ARGV[1]) then return 0 end
if ARGV[4] == 'settled' then redis.call('ZREM', KEYS[6], ARGV[1]) end
if redis.call('HEXISTS', KEYS[1], 'webhook') == 0 then return 0 end
if ARGV[4] ~= 'settled' then redis.call('HINCRBY', KEYS[1], 'webhook', 1) end
redis.call('XADD', KEYS[3], 'MAXLEN', '=', ${limits.eventsPerJob}, '*', 'event', ARGV[3])
redis.call('SADD', KEYS[4] .. ':unpublished', ARGV[2])
redis.call('PUBLISH', KEYS[5], ARGV[2])
return 1
`;
