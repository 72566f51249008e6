/**
 * What the scripts on one tenant's reservations share.
 *
 * KEYS  1 uploads (hash: `<bytes>:<0, or the number of its end>:<number of its start>`; `sequence`: starts and ends so far)   2 uploads by when they are forgotten, ms
 * ARGV  1 for how many ms a reservation lasts, and an end is remembered
 */
const prelude = `
local uploads, until_, lastsMs = KEYS[1], KEYS[2], tonumber(ARGV[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function parse(text)
  local bytes, ended, started = string.match(text or '', '^(%d+):(%d+):(%d+)$')
  return tonumber(bytes), tonumber(ended), tonumber(started)
end

local function next()
  return redis.call('HINCRBY', uploads, 'sequence', 1)
end

local function keep(upload, bytes, ended, started)
  redis.call('HSET', uploads, upload, string.format('%.0f:%.0f:%.0f', bytes, ended, started))
  redis.call('ZADD', until_, string.format('%.0f', now + lastsMs), upload)
  for _, key in ipairs({ uploads, until_ }) do redis.call('PEXPIRE', key, 3 * lastsMs) end
end

-- An end is remembered for those who measured the store before it.
local function finish(upload)
  local bytes, ended, started = parse(redis.call('HGET', uploads, upload))
  if ended ~= 0 then return false end
  keep(upload, bytes, next(), started)
  return true
end

-- Of an upload that nobody renews the file may lie there: for who measured before it came, this is its end.
for _, upload in ipairs(redis.call('ZRANGEBYSCORE', until_, '-inf', string.format('%.0f', now))) do
  if not finish(upload) then
    redis.call('HDEL', uploads, upload)
    redis.call('ZREM', until_, upload)
  end
end
`;

/** Result  {the sequence, upload under way …} */
export const lookAtReservations = `${prelude}
local result = { tonumber(redis.call('HGET', uploads, 'sequence') or 0) }
local all = redis.call('HGETALL', uploads)
for position = 1, #all, 2 do
  local _, ended = parse(all[position + 1])
  if ended == 0 then result[#result + 1] = all[position] end
end
return result
`;

/**
 * ARGV  2 upload   3 at least   4 at most   5 quota less what is stored   6 the sequence before that was measured
 * Result  bytes held, as text | 'later' if only uploads that began after this one are in its way | 'full'
 */
export const reserveBytes = `${prelude}
local upload, atLeast, atMost = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local room, known = tonumber(ARGV[5]), tonumber(ARGV[6])
local _, over, started = parse(redis.call('HGET', uploads, upload))
if over ~= 0 then started = next() end
local all, younger = redis.call('HGETALL', uploads), 0
for position = 1, #all, 2 do
  local bytes, ended, since = parse(all[position + 1])
  if bytes and all[position] ~= upload and (ended == 0 or ended > known) then
    room = room - bytes
    if ended == 0 and since > started then younger = younger + bytes end
  end
end
if room < atLeast then return room + younger < atLeast and 'full' or 'later' end
keep(upload, math.min(room, atMost), 0, started)
return string.format('%.0f', math.min(room, atMost))
`;

/**
 * ARGV  2 upload
 * Result  1
 */
export const renewReservation = `${prelude}
local bytes, ended, started = parse(redis.call('HGET', uploads, ARGV[2]))
if ended == 0 then keep(ARGV[2], bytes, 0, started) end
return 1
`;

/**
 * ARGV  2 upload
 * Result  1
 */
export const releaseReservation = `${prelude}
finish(ARGV[2])
return 1
`;
