/**
 * A trainer says that it is there and what it has.
 *
 * KEYS  1 its pool's trainers by their bytes (sorted set)   2 by when they are forgotten, ms (sorted set)   3 pools (set)
 * ARGV  1 name   2 bytes   3 after how many ms without another word it is forgotten   4 its pool, '' for the default one
 * Result  1
 */
export const announceTrainer = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
if ARGV[4] ~= '' then redis.call('SADD', KEYS[3], ARGV[4]) end
return 1
`;

/**
 * The bytes of a pool's largest trainer that is there.
 *
 * KEYS  as above
 * Result  bytes, as text; '0' if none is there
 */
export const largestTrainer = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  redis.call('ZREM', KEYS[1], name)
  redis.call('ZREM', KEYS[2], name)
end
return redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or '0'
`;
