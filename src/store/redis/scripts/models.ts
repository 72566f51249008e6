/**
 * Records a model, with the next version of its name; one that is recorded already keeps its version. The number is put into the text, as
 * decoding and encoding would round other numbers.
 */
export const modelPrelude = `
local function recordModel(record, index, named, versions, id, manifest, version)
  if version == '' then
    version = redis.call('HGET', versions, id) or redis.call('HINCRBY', versions, 'last', 1)
    manifest = '{"version":' .. version .. ',' .. string.sub(manifest, 2)
  elseif tonumber(redis.call('HGET', versions, 'last') or 0) < tonumber(version) then
    redis.call('HSET', versions, 'last', version)
  end
  redis.call('HSET', versions, id, version, 'v' .. version, id)
  redis.call('SET', record, manifest)
  redis.call('ZADD', index, 0, id)
  redis.call('ZADD', named, 0, id)
  return manifest
end
`;

/**
 * Records a model, and that it holds what it refers to.
 *
 * KEYS  1 record   2 index of ids   3 ids of its name   4 versions of its name   5 … holders of each resource that it refers to
 * ARGV  1 id   2 manifest, JSON   3 its version, '' if it has none yet
 * Result  the manifest
 */
export const addModel = `${modelPrelude}
for position = 5, #KEYS do redis.call('SADD', KEYS[position], ARGV[1]) end
return recordModel(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1], ARGV[2], ARGV[3])
`;

/**
 * The models of one name.
 *
 * KEYS  1 ids of the name   2 versions of the name
 * ARGV  1 version, '' for all   2 the most, of the newest
 * Result  {version, id, …}
 */
export const listVersions = `
local result = {}
if ARGV[1] ~= '' then
  local id = redis.call('HGET', KEYS[2], 'v' .. ARGV[1])
  return id and { ARGV[1], id } or {}
end
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], -tonumber(ARGV[2]), -1)) do
  result[#result + 1] = redis.call('HGET', KEYS[2], id)
  result[#result + 1] = id
end
return result
`;

/**
 * What an alias names, of one moment.
 *
 * KEYS  1 aliases   2 prefix of model records
 * ARGV  1 name
 * Result  {id, manifest}; {'', nil} if it names nothing
 */
export const readNamed = `
local id = redis.call('HGET', KEYS[1], ARGV[1])
if not id then return { '', false } end
return { id, redis.call('GET', KEYS[2] .. ':' .. id) }
`;
