import { jobPrelude } from "./job-prelude.ts";

/** What the scripts share that record new jobs. */
const creation = `
-- Records what the arguments from \`first\` to \`last\` say, field and value by turns, as a job in state queued. Why it cannot be recorded, or nil, its place and,
-- under a quota, how many count against it now.
local function create(id, about, first, last, said, most, datasetKey, baseKey)
  -- Paused jobs wait too: else pausing would make room for more, and resuming bring them all back.
  local waitingJobs
  if most ~= '' then
    waitingJobs = redis.call('ZCARD', index .. ':queued') + redis.call('ZCARD', index .. ':paused')
    if waitingJobs >= tonumber(most) then return 'quota' end
  end
  if redis.call('EXISTS', datasetKey) == 0 then return 'no_dataset' end
  if baseKey ~= datasetKey and redis.call('EXISTS', baseKey) == 0 then return 'no_base' end
  local tenant, dataset, base, priority, plannedMs, pool = unpack(about)
  usePool(pool)
  local place = takePlace(tenant, priority)
  addWork(plannedMs)
  redis.call('HSET', job, 'place', place, 'waitingMs', plannedMs, unpack(ARGV, first, last))
  redis.call('SADD', holders .. ':' .. dataset, id)
  if base ~= '' then redis.call('SADD', holders .. ':' .. base, id) end
  redis.call('SADD', KEYS[11], tenant)
  redis.call('ZADD', index, 0, id)
  redis.call('ZADD', index .. ':queued', 0, id)
  redis.call('SADD', waiting, id)
  redis.call('RPUSH', history, said[1])
  addEvent(said[2])
  redis.call('PUBLISH', changes, id)
  return nil, place, waitingJobs and waitingJobs + 1
end
`;

/**
 * Records a new job in state queued.
 *
 * KEYS  1–10 as in the prelude   11 tenants   12 idempotency key   13 data set   14 base model (the data set again if none)
 *       15 prefix of job records   16 the study's record (the data set again if none)
 * ARGV  1 id   2 the history's first entry, JSON   3 the first event, JSON   4 digest of the body, '' without an idempotency key
 *       5 seconds for which the idempotency key is kept   6 the most queued and paused jobs, '' for any number
 *       7 study's id, '' if it is no trial: then it must run
 *       8 tenant   9 data set   10 base model, '' for none   11 priority   12 planned ms   13 pool, '' for the default one   14 field of the record   15 value   16 field …
 * Result  {'created', place, under a quota how many count against it} | {'existing', record, history} | {'mismatch'} | {'quota'} | {'no_study'} | {'no_dataset'} | {'no_base'}
 */
export const createJob = `${jobPrelude}${creation}
local idempotency, prefix = KEYS[12], KEYS[15]
local id, entry, event, digest, keepSeconds, quota, study = unpack(ARGV, 1, 7)

if redis.call('EXISTS', job) == 1 then
  local record = read()
  return { 'existing', record[1], record[2] }
end
if study ~= '' and redis.call('HGET', KEYS[16], 'state') ~= 'running' then return { 'no_study' } end

if digest ~= '' then
  local first = redis.call('GET', idempotency)
  if first then
    first = cjson.decode(first)
    if first.ids then return { 'mismatch' } end -- a batch's
    local existing = prefix .. ':' .. first.id
    if redis.call('EXISTS', existing) == 1 then
      if first.digest ~= digest then return { 'mismatch' } end
      return { 'existing', redis.call('HGETALL', existing), redis.call('LRANGE', existing .. ':history', 0, -1) }
    end
  end
end
local about = { unpack(ARGV, 8, 13) }
local refused, place, counted = create(id, about, 14, #ARGV, { entry, event }, quota, KEYS[13], KEYS[14])
if refused then return { refused } end
if digest ~= '' then
  redis.call('SET', idempotency, cjson.encode({ id = id, digest = digest }), 'EX', keepSeconds)
end
return { 'created', place, counted }
`;

/**
 * Records new jobs of one tenant in state queued, each by itself: all that can be recorded are, in one step. Under an idempotency key, what it
 * made first is not made again, and what was refused then is tried again; a single submission's key finds its one job.
 *
 * KEYS  1–10 as in the prelude, of the first job   11 tenants   12 idempotency key   13 prefix of job records   14 of data sets   15 of models
 * ARGV  1 the history's first entry, JSON   2 the first event, JSON   3 digest of the body, '' without an idempotency key
 *       4 seconds for which the idempotency key is kept   5 the most queued and paused jobs, '' for any number
 *       6 id, '' for one that is only looked for under the key   7 how many arguments of this job follow   8 tenant   9 data set   10 base model, '' for none
 *       11 priority   12 planned ms   13 pool, '' for the default one   14 field of the record   15 value   16 field …   then the next job's id …
 * Result  {'mismatch'} | {'done', {'created', id, place, as above} | {'existing', id, state, place, pool if it is not the default one} | {'quota'} | {'no_dataset'} | {'no_base'} | {'none'} …}
 */
export const createJobs = `${jobPrelude}${creation}
local idempotency, prefix, datasets, models = KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local entry, event, digest, keepSeconds, quota = unpack(ARGV, 1, 5)

local known = {}
local first = digest ~= '' and redis.call('GET', idempotency)
if first then
  first = cjson.decode(first)
  if first.ids then
    for i, id in ipairs(first.ids) do
      if id ~= '' and redis.call('EXISTS', prefix .. ':' .. id) == 1 then known[i] = id end
    end
  elseif redis.call('EXISTS', prefix .. ':' .. first.id) == 1 then
    known[1] = first.id
  end
  if next(known) and first.digest ~= digest then return { 'mismatch' } end
end
local isOfOne = first and first.id and known[1]

local function useJob(id)
  job = prefix .. ':' .. id
  history, events, metrics = job .. ':history', job .. ':events', job .. ':metrics'
end

local result, ids, any = { 'done' }, {}, false
local position, i = 6, 0
while position <= #ARGV do
  i = i + 1
  local id, first = ARGV[position], position + 2
  local last = first + ARGV[position + 1] - 1
  local outcome = { 'none' }
  if known[i] then
    useJob(known[i])
    outcome = { 'existing', known[i], unpack(redis.call('HMGET', job, 'state', 'place', 'pool')) }
  elseif id ~= '' then
    useJob(id)
    local about = { unpack(ARGV, first, first + 5) }
    local datasetKey = datasets .. ':' .. about[2]
    local baseKey = about[3] == '' and datasetKey or models .. ':' .. about[3]
    local refused, place, counted = create(id, about, first + 6, last, { entry, event }, quota, datasetKey, baseKey)
    outcome = refused and { refused } or { 'created', id, place, counted }
  end
  ids[i] = outcome[2] or ''
  any = any or ids[i] ~= ''
  result[i + 1] = outcome
  position = last + 1
end
if digest ~= '' and any and not isOfOne then
  redis.call('SET', idempotency, cjson.encode({ ids = ids, digest = digest }), 'EX', keepSeconds)
end
return result
`;
