/** What the scripts that delete a record share: that its files are to be removed is noted in the same step, so that no crash comes between. */
export const removalPrelude = `
local function isRemoving(removals, files)
  return redis.call('SISMEMBER', removals .. ':pending', files) == 1
end

local function noteRemoval(removals, files)
  local time = redis.call('TIME')
  redis.call('ZADD', removals, time[1] * 1000 + math.floor(time[2] / 1000), files)
  redis.call('SADD', removals .. ':pending', files)
end
`;

/**
 * What was deleted lately, and whether its files may still be there. Forgets what was deleted longer ago and is done with.
 *
 * KEYS  1 removals
 * ARGV  1 for how many ms a removal is remembered
 * Result  {where the files lay, 1 if they may still be there, …}
 */
export const listRemovals = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local result = {}
for _, files in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local pending = redis.call('SISMEMBER', KEYS[1] .. ':pending', files)
  if pending == 0 and tonumber(redis.call('ZSCORE', KEYS[1], files)) < now - ARGV[1] then
    redis.call('ZREM', KEYS[1], files)
  else
    result[#result + 1] = files
    result[#result + 1] = pending
  end
end
return result
`;
