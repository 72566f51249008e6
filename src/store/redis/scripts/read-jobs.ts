import { removalPrelude } from "./removals.ts";

/**
 * One job's record and history, of one moment.
 *
 * KEYS  1 record   2 history
 * Result  {record, history}, or nil
 */
export const readJob = `
if redis.call('EXISTS', KEYS[1]) == 0 then return nil end
return { redis.call('HGETALL', KEYS[1]), redis.call('LRANGE', KEYS[2], 0, -1) }
`;

/**
 * Jobs in descending order of their ids, which is newest first.
 *
 * KEYS  1 index of ids   2 prefix of job records
 * ARGV  1 upper end: '+', or '(' and the last id of the page before   2 how many   3 how many bytes; one is given in any case
 * Result  {1 if there are more, else 0, {record, history} …}
 */
export const listJobs = `
local most, mostBytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local result, bytes = { 0 }, 0
for _, id in ipairs(redis.call('ZREVRANGEBYLEX', KEYS[1], ARGV[1], '-', 'LIMIT', 0, most + 1)) do
  local job = KEYS[2] .. ':' .. id
  local record, history = redis.call('HGETALL', job), redis.call('LRANGE', job .. ':history', 0, -1)
  local size = 0
  for _, value in ipairs(record) do size = size + #value end
  for _, entry in ipairs(history) do size = size + #entry end
  if #result > most or (#result > 1 and bytes + size > mostBytes) then
    result[1] = 1
    break
  end
  bytes = bytes + size
  result[#result + 1] = { record, history }
end
return result
`;

/**
 * What the reconciler asks of the jobs of some tenants in some states, by tenant, state and id.
 *
 * KEYS  index of a tenant's ids, prefix of its job records, the next tenant's …
 * ARGV  1 the states, JSON   2 lower end of the first tenant's: '-', or '(' and the last id before   3 how many
 * Result  {{number of the tenant, id, state, attempt, place, crashes, 1 if its lease ended, pool or ''} …}
 */
export const listUnfinished = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local states, from, most = cjson.decode(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local result = {}
for tenant = 1, #KEYS / 2 do
  local index, prefix = KEYS[2 * tenant - 1], KEYS[2 * tenant]
  for _, state in ipairs(states) do
    if #result == most then return result end
    for _, id in ipairs(redis.call('ZRANGEBYLEX', index .. ':' .. state, from, '+', 'LIMIT', 0, most - #result)) do
      local fields = redis.call('HMGET', prefix .. ':' .. id, 'state', 'attempt', 'place', 'crashes', 'leaseUntilMs', 'pool')
      local ended = fields[5] and tonumber(fields[5]) <= now
      result[#result + 1] = { tenant, id, fields[1], fields[2], fields[3], fields[4], ended and 1 or 0, fields[6] or '' }
    end
    from = '-'
  end
end
return result
`;

/**
 * KEYS  1 a pool's waiting jobs' ids, of all tenants (set)
 * ARGV  ids
 * Result  those that are not among them
 */
export const notWaiting = `
local result = {}
for _, id in ipairs(ARGV) do
  if redis.call('SISMEMBER', KEYS[1], id) == 0 then result[#result + 1] = id end
end
return result
`;

/**
 * Forgets a finished job, and notes that its files are to be removed. Again 'removed' until they are.
 *
 * KEYS  1 record   2 history   3 events   4 metrics   5 index of ids   6 channel of changes   7 removals
 * ARGV  1 id   2 the final states, JSON   3 where its files lie
 * Result  'removed' | 'absent' | the state it is in
 */
export const removeJob = `${removalPrelude}
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return isRemoving(KEYS[7], ARGV[3]) and 'removed' or 'absent' end
local done = false
for _, name in ipairs(cjson.decode(ARGV[2])) do done = done or name == state end
if not done then return state end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
redis.call('ZREM', KEYS[5], ARGV[1])
redis.call('ZREM', KEYS[5] .. ':' .. state, ARGV[1])
redis.call('SREM', KEYS[5] .. ':unpublished', ARGV[1])
noteRemoval(KEYS[7], ARGV[3])
redis.call('PUBLISH', KEYS[6], ARGV[1])
return 'removed'
`;
