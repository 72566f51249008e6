import { jobPrelude } from "./job-prelude.ts";

/**
 * What a delivery must know. A job that was deleted meanwhile has nothing to tell any more.
 *
 * KEYS  1–10 as in the prelude
 * ARGV  1 member of the due set
 * Result  {failed deliveries so far, record, history}; nil if nothing is due
 */
export const readDueWebhook = `${jobPrelude}
if not redis.call('ZSCORE', due, ARGV[1]) then return nil end
local failures = redis.call('HGET', job, 'webhook')
if not failures then
  redis.call('ZREM', due, ARGV[1])
  return nil
end
local record = read()
return { failures, record[1], record[2] }
`;

/**
 * What came of a delivery: an event of the job, which its log in the artifact store lacks now, and either one failure more or nothing left to do. Told once: when another
 * process has settled it, nothing changes.
 *
 * KEYS  1–10 as in the prelude
 * ARGV  1 member of the due set   2 event, JSON   3 'settled' if nothing is left to do
 * Result  1, or 0 if nothing was due
 */
export const noteWebhookOutcome = `${jobPrelude}
if not redis.call('ZSCORE', due, ARGV[1]) then return 0 end
if ARGV[3] == 'settled' then redis.call('ZREM', due, ARGV[1]) end
if redis.call('HEXISTS', job, 'webhook') == 0 then return 0 end
if ARGV[3] ~= 'settled' then redis.call('HINCRBY', job, 'webhook', 1) end
addEvent(ARGV[2])
redis.call('SADD', index .. ':unpublished', redis.call('HGET', job, 'id'))
tell()
return 1
`;
