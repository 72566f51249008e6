/**
 * Lets an alias name a model, or deletes it, if it is as the caller says. A deleted one leaves its record, without a model, so that its
 * revisions go on.
 *
 * KEYS  1 aliases (hash: name → model)   2 records   3 history of this one   4 last revision   5 record of the model
 * ARGV  1 name   2 model's id, '' to delete   3 time   4 who, ''   5 '' for any state, 'absent', 'present' or the revision
 *       6 the most aliases   7 the most changes kept
 * Result  {'set' | 'same', record} | {'mismatch', record or ''} | {'absent'} | {'no_model'} | {'full'}
 */
export const changeAlias = `
local name, model, at, by, wanted = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local text = redis.call('HGET', KEYS[2], name)
local before = text and cjson.decode(text)
local live = before and before.model ~= cjson.null
local fits = wanted == '' or (wanted == 'absent' and not live) or (wanted == 'present' and live)
  or (live and string.format('%.0f', before.revision) == wanted)
if model == '' and not live then return { 'absent' } end
if not fits then return { 'mismatch', live and text or '' } end
if model ~= '' then
  if redis.call('EXISTS', KEYS[5]) == 0 then return { 'no_model' } end
  if live and before.model == model then return { 'same', text } end
  if not live and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then return { 'full' } end
end
local revision = redis.call('INCR', KEYS[4])
local named = model == '' and cjson.null or model
local record = cjson.encode({
  name = name, model = named, revision = revision, createdAt = live and before.createdAt or at, updatedAt = at,
})
if model == '' then redis.call('HDEL', KEYS[1], name) else redis.call('HSET', KEYS[1], name, model) end
redis.call('HSET', KEYS[2], name, record)
redis.call('RPUSH', KEYS[3], cjson.encode({ revision = revision, model = named, at = at, by = by ~= '' and by or cjson.null }))
redis.call('LTRIM', KEYS[3], -tonumber(ARGV[7]), -1)
return { 'set', record }
`;

/**
 * An alias and its changes, of one moment.
 *
 * KEYS  1 records   2 history
 * ARGV  1 name
 * Result  {record, change …}, or nil
 */
export const readAlias = `
local text = redis.call('HGET', KEYS[1], ARGV[1])
if not text then return nil end
return { text, unpack(redis.call('LRANGE', KEYS[2], 0, -1)) }
`;

/**
 * Records an alias as its manifest tells it, unless a newer revision is known.
 *
 * KEYS  1 aliases   2 records   3 history   4 last revision
 * ARGV  1 name   2 record, JSON   3 revision   4 model's id, '' if it was deleted   5 change, JSON …
 * Result  1, or 0 if it is known
 */
export const restoreAlias = `
local text = redis.call('HGET', KEYS[2], ARGV[1])
if text and cjson.decode(text).revision >= tonumber(ARGV[3]) then return 0 end
if ARGV[4] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[4]) end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('DEL', KEYS[3])
for position = 5, #ARGV do redis.call('RPUSH', KEYS[3], ARGV[position]) end
if tonumber(redis.call('GET', KEYS[4]) or 0) < tonumber(ARGV[3]) then redis.call('SET', KEYS[4], ARGV[3]) end
return 1
`;

/**
 * Forgets an alias that was deleted, unless it was made again.
 *
 * KEYS  1 records   2 history
 * ARGV  1 name   2 revision of the deletion
 * Result  1, or 0
 */
export const forgetAlias = `
local text = redis.call('HGET', KEYS[1], ARGV[1])
if not text or cjson.decode(text).revision ~= tonumber(ARGV[2]) then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return 1
`;
