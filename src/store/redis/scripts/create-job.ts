import { jobPrelude } from "./job-prelude.ts";

/**
 * Records a new job in state queued.
 *
 * KEYS  1–10 as in the prelude   11 tenants   12 idempotency key   13 data set   14 base model (the data set again if none)
 *       15 prefix of job records   16 the study's record (the data set again if none)
 * ARGV  1 id   2 fields of the record, JSON   3 time   4 reason   5 digest of the body, '' without an idempotency key
 *       6 seconds for which the idempotency key is kept   7 the most queued and paused jobs, '' for any number
 *       8 study's id, '' if it is no trial: then it must run
 * Result  {'created' | 'existing', record, history, and of a new one how many queued and paused jobs the tenant has} | {'mismatch'} | {'quota'} | {'no_study'} | {'no_dataset'} | {'no_base'}
 */
export const createJob = `${jobPrelude}
local tenants, idempotency, datasetKey, baseKey, prefix = KEYS[11], KEYS[12], KEYS[13], KEYS[14], KEYS[15]
local id, fields, at, reason, digest, keepSeconds, quota, study = unpack(ARGV)

if redis.call('EXISTS', job) == 1 then
  local record = read()
  return { 'existing', record[1], record[2] }
end
if study ~= '' and redis.call('HGET', KEYS[16], 'state') ~= 'running' then return { 'no_study' } end

if digest ~= '' then
  local first = redis.call('GET', idempotency)
  if first then
    first = cjson.decode(first)
    local existing = prefix .. ':' .. first.id
    if redis.call('EXISTS', existing) == 1 then
      if first.digest ~= digest then return { 'mismatch' } end
      return { 'existing', redis.call('HGETALL', existing), redis.call('LRANGE', existing .. ':history', 0, -1) }
    end
  end
end
-- Paused jobs wait too: else pausing would make room for more, and resuming bring them all back.
local waitingJobs = redis.call('ZCARD', index .. ':queued') + redis.call('ZCARD', index .. ':paused')
if quota ~= '' and waitingJobs >= tonumber(quota) then return { 'quota' } end
if redis.call('EXISTS', datasetKey) == 0 then return { 'no_dataset' } end
if redis.call('EXISTS', baseKey) == 0 then return { 'no_base' } end

setAll(fields)
local dataset, base = unpack(redis.call('HMGET', job, 'dataset', 'base'))
redis.call('SADD', holders .. ':' .. dataset, id)
if base ~= '' then redis.call('SADD', holders .. ':' .. base, id) end
redis.call('SADD', tenants, cjson.decode(fields).tenant)
redis.call('ZADD', index, 0, id)
redis.call('ZADD', index .. ':queued', 0, id)
noteWaiting(id, nil, 'queued')
if digest ~= '' then
  redis.call('SET', idempotency, cjson.encode({ id = id, digest = digest }), 'EX', keepSeconds)
end
noteState('queued', at, reason, 0)
tell()
local record = read()
return { 'created', record[1], record[2], waitingJobs + 1 }
`;
