import { removalPrelude } from "./removals.ts";

/**
 * Records a manifest.
 *
 * KEYS  1 record   2 index of ids
 * ARGV  1 id   2 manifest, JSON
 * Result  1
 */
export const addManifest = `
redis.call('SET', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 1
`;

/**
 * Records in descending order of their ids, which is newest first.
 *
 * KEYS  1 index of ids   2 prefix of records
 * ARGV  1 upper end: '+', or '(' and the last id of the page before   2 how many   3 how many bytes; one is given in any case
 * Result  {1 if there are more, else 0, id, record, id, record …}
 *
 * @param read  Lua that reads the record at a key, given as Lua
 */
export const listRecords = (read: (key: string) => string): string => `
local most, mostBytes = tonumber(ARGV[2]), tonumber(ARGV[3])
local result, count, bytes = { 0 }, 0, 0
for _, id in ipairs(redis.call('ZREVRANGEBYLEX', KEYS[1], ARGV[1], '-', 'LIMIT', 0, most + 1)) do
  local record = ${read("KEYS[2] .. ':' .. id")} or ''
  if count == most or (count > 0 and bytes + #record > mostBytes) then
    result[1] = 1
    break
  end
  count, bytes = count + 1, bytes + #record
  result[#result + 1] = id
  result[#result + 1] = record
end
return result
`;

export const listManifests = listRecords((key) => `redis.call('GET', ${key})`);

/**
 * Forgets a resource unless something still refers to it, and notes that its files are to be removed. Again 'removed' until they are.
 *
 * KEYS  1 record   2 index of ids   3 holders of the resource   4 aliases (hash: name → model)   5 removals
 *       6 ids of its name (a model's; of a data set empty)   7 versions of its name   8 … holders of each resource that it refers to
 * ARGV  1 id   2 where its files lie
 * Result  {'removed'} | {'absent'} | {'held', ids …} | {'alias', name}
 */
export const removeManifest = `${removalPrelude}
if redis.call('EXISTS', KEYS[1]) == 0 then return { isRemoving(KEYS[5], ARGV[2]) and 'removed' or 'absent' } end
local held = redis.call('SMEMBERS', KEYS[3])
if #held > 0 then return { 'held', unpack(held, 1, math.min(#held, 3)) } end
local aliases = redis.call('HGETALL', KEYS[4])
for position = 2, #aliases, 2 do
  if aliases[position] == ARGV[1] then return { 'alias', aliases[position - 1] } end
end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[6], ARGV[1])
local version = redis.call('HGET', KEYS[7], ARGV[1])
if version then redis.call('HDEL', KEYS[7], ARGV[1], 'v' .. version) end
for position = 8, #KEYS do redis.call('SREM', KEYS[position], ARGV[1]) end
noteRemoval(KEYS[5], ARGV[2])
return { 'removed' }
`;

/**
 * Puts another record in the place of one that is as it was read.
 *
 * KEYS  1 record   2 its holders
 * ARGV  1 manifest as read   2 the new one   3 1: not while an unfinished job holds it
 * Result  {'changed'} | {'other'}: it is not as it was | {'held', ids of jobs …}
 */
export const changeRecord = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return { 'other' } end
if ARGV[3] == '1' then
  local held = { 'held' }
  for _, id in ipairs(redis.call('SMEMBERS', KEYS[2])) do
    if string.sub(id, 1, 4) == 'job_' and #held < 4 then held[#held + 1] = id end
  end
  if #held > 1 then return held end
end
redis.call('SET', KEYS[1], ARGV[2])
return { 'changed' }
`;
