import { jobPrelude } from "./job-prelude.ts";

/**
 * Moves a job along the state machine, if it is where the caller says: the one script of all transitions but claim and succeed.
 *
 * KEYS  1–10 as in the prelude
 * ARGV  1 from → to, JSON   2 states in which there is nothing left to do, JSON   3 attempt that must hold the job, '' for anyone
 *       4 time   5 reason   6 fields to set with it, JSON   7 'lost' if the holder must have let its lease end, 'crashed' if it says
 *         itself that its engine crashed, '' otherwise   8 what that counts   9 the count of a suspect, who is to run alone: what
 *         made it one does not count beyond that
 * Result  {'moved' | 'same', record, history} | {'refused', state} | {'stale'} | {'absent'}
 */
export const changeJob = `${jobPrelude}
local moves, same = cjson.decode(ARGV[1]), cjson.decode(ARGV[2])
local attempt, at, reason, fields, crash = ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local lost = crash == 'lost'

local state, current, leaseUntil = unpack(redis.call('HMGET', job, 'state', 'attempt', 'leaseUntilMs'))
if not state then return { 'absent' } end
if attempt ~= '' and (current ~= attempt or not (lost or held[state])) then return { 'stale' } end
if lost and leaseUntil and tonumber(leaseUntil) > nowMs() then return { 'stale' } end

local outcome = 'same'
if moves[state] then
  setAll(fields)
  if crash ~= '' then
    local before, limit = tonumber(redis.call('HGET', job, 'crashes')), tonumber(ARGV[9])
    local after = before + ARGV[8]
    if before < limit then after = math.min(after, limit) end
    redis.call('HSET', job, 'crashes', after)
  end
  move(moves[state], at, reason)
  outcome = 'moved'
else
  local settled = false
  for _, name in ipairs(same) do settled = settled or name == state end
  if not settled then return { 'refused', state } end
end
local record = read()
return { outcome, record[1], record[2] }
`;
