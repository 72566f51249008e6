import { limits } from "../../../domain/limits.ts";
import { redisKeys } from "../redis-keys.ts";
import { listRecords } from "./catalogue.ts";
import { removalPrelude } from "./removals.ts";

/**
 * What the scripts on one study share.
 *
 * KEYS  1 record (hash: state, version, study as JSON, and where its end is to be told `webhook`: deliveries that failed)   2 trials (hash: number → JSON)   3 events (stream)
 *       4 index of ids, `:unpublished` of those whose manifest is due   5 open studies of all tenants (set of tenant/id)
 *       6 channel of changes   7 prefix of the sets of holders
 */
const prelude = `
local record, trials, events, index, open, changes, holders = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]

local function addEvents(list)
  for _, event in ipairs(cjson.decode(list)) do
    redis.call('XADD', events, 'MAXLEN', '=', ${limits.eventsPerJob}, '*', 'event', event)
  end
end

-- That the end is to be told is part of the end: no crash can come between the two.
local function noteWebhook(tenant, id)
  if redis.call('HEXISTS', record, 'webhook') == 0 then return end
  redis.call('ZADD', '${redisKeys.dueWebhooks}', 0, tenant .. '/' .. id)
  redis.call('PUBLISH', '${redisKeys.dueWebhooks}', id)
end

local function tell(tenant, id)
  redis.call('PUBLISH', changes, id)
  redis.call('PUBLISH', '${redisKeys.studyNews}', tenant .. '/' .. id)
end
`;

/**
 * Records a new study.
 *
 * KEYS  1–7 as above   8 idempotency key   9 data set   10 base model (the data set again if none)   11 prefix of records   12 tenants
 * ARGV  1 tenant   2 id   3 study, JSON   4 events, JSON list of JSON   5 digest of the body, '' without an idempotency key
 *       6 seconds for which the key is kept   7 the most open studies   8 data set's id   9 base model's id, '' if none   10 state
 *       11 '1' if its end is to be told
 * Result  {'created' | 'existing', study} | {'mismatch'} | {'quota'} | {'no_dataset'} | {'no_base'}
 */
export const createStudy = `${prelude}
local tenant, id, study, list, digest, keepSeconds, most, dataset, base = unpack(ARGV)
if digest ~= '' then
  local first = redis.call('GET', KEYS[8])
  if first then
    first = cjson.decode(first)
    local existing = redis.call('HGET', KEYS[11] .. ':' .. first.id, 'study')
    if existing then
      if first.digest ~= digest then return { 'mismatch' } end
      return { 'existing', existing }
    end
  end
end
local count = 0
for _, member in ipairs(redis.call('SMEMBERS', open)) do
  if string.sub(member, 1, #tenant + 1) == tenant .. '/' then count = count + 1 end
end
if count >= tonumber(most) then return { 'quota' } end
if redis.call('EXISTS', KEYS[9]) == 0 then return { 'no_dataset' } end
if redis.call('EXISTS', KEYS[10]) == 0 then return { 'no_base' } end
redis.call('HSET', record, 'state', ARGV[10], 'version', 1, 'study', study, 'dataset', dataset, 'base', base)
if ARGV[11] == '1' then redis.call('HSET', record, 'webhook', 0) end
redis.call('SADD', holders .. ':' .. dataset, id)
if base ~= '' then redis.call('SADD', holders .. ':' .. base, id) end
redis.call('SADD', KEYS[12], tenant)
redis.call('ZADD', index, 0, id)
redis.call('SADD', open, tenant .. '/' .. id)
if digest ~= '' then redis.call('SET', KEYS[8], cjson.encode({ id = id, digest = digest }), 'EX', keepSeconds) end
addEvents(list)
tell(tenant, id)
return { 'created', study }
`;

/**
 * One step: study and trials as they are after it.
 *
 * KEYS  1–7 as above
 * ARGV  1 tenant   2 id   3 version that it follows   4 study, JSON   5 state   6 1 if it is done   7 events, JSON list of JSON
 *       8 number of a trial   9 trial, JSON   10 number …
 * Result  1; 0 if the study has another version or is gone
 */
export const commitStudy = `${prelude}
if redis.call('HGET', record, 'version') ~= ARGV[3] then return 0 end
redis.call('HSET', record, 'study', ARGV[4], 'state', ARGV[5], 'version', string.format('%.0f', ARGV[3] + 1))
for position = 8, #ARGV, 2 do redis.call('HSET', trials, ARGV[position], ARGV[position + 1]) end
if ARGV[6] == '1' then
  redis.call('SREM', open, ARGV[1] .. '/' .. ARGV[2])
  redis.call('SADD', index .. ':unpublished', ARGV[2])
  local dataset, base = unpack(redis.call('HMGET', record, 'dataset', 'base'))
  redis.call('SREM', holders .. ':' .. dataset, ARGV[2])
  if base ~= '' then redis.call('SREM', holders .. ':' .. base, ARGV[2]) end
  noteWebhook(ARGV[1], ARGV[2])
end
addEvents(ARGV[7])
tell(ARGV[1], ARGV[2])
return 1
`;

/**
 * Records a finished study as its manifest tells it, unless there is one of this id.
 *
 * KEYS  1–7 as above   8 tenants
 * ARGV  1 tenant   2 id   3 study, JSON   4 state   5 how many events   6 event's id   7 event, JSON …   then number and trial, JSON, alternately
 * Result  1, or 0 if the study is known
 */
export const restoreStudy = `${prelude}
if redis.call('EXISTS', record) == 1 then return 0 end
redis.call('DEL', trials, events)
local first = 6 + 2 * ARGV[5]
for position = 6, first - 1, 2 do redis.call('XADD', events, ARGV[position], 'event', ARGV[position + 1]) end
for position = first, #ARGV, 2 do redis.call('HSET', trials, ARGV[position], ARGV[position + 1]) end
redis.call('HSET', record, 'state', ARGV[4], 'version', 1, 'study', ARGV[3], 'dataset', '', 'base', '')
redis.call('SADD', KEYS[8], ARGV[1])
redis.call('ZADD', index, 0, ARGV[2])
return 1
`;

/** Studies, as listManifests lists manifests. */
export const listStudies = listRecords((key) => `redis.call('HGET', ${key}, 'study')`);

/**
 * Deletes a finished study and notes that its files are to be removed. Again 'removed' until they are.
 *
 * KEYS  1–7 as above   8 removals
 * ARGV  1 id   2 states in which it may be deleted, JSON   3 where its files lie
 * Result  'removed', 'absent', or the state that does not allow it
 */
export const removeStudy = `${removalPrelude}
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return isRemoving(KEYS[8], ARGV[3]) and 'removed' or 'absent' end
local done = false
for _, name in ipairs(cjson.decode(ARGV[2])) do done = done or name == state end
if not done then return state end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('SREM', KEYS[4] .. ':unpublished', ARGV[1])
noteRemoval(KEYS[8], ARGV[3])
redis.call('PUBLISH', KEYS[6], ARGV[1])
return 'removed'
`;
