import { changesKeptMs, versionsBegan } from '../../presence/presence.js';

/** Nobody has swept a shard for so long: Redis was away, or everybody else was. In ms. */
export const outageMs = 10_000;
/** After an outage no lease runs out for so long: longer than it takes every process to renew its leases once. In ms. */
export const amnestyMs = 20_000;
/**
 * How far a life begins above the lowest version of the one before it, if that began lately: a user may have changed more often than once
 * a second for that short time.
 */
export const lifeMargin = 1_000;
/** Changes are kept a little longer than promised, because a change that is held back is older than the cursor that does not hold it. */
const streamKeptMs = changesKeptMs + 5_000;

/**
 * What every script begins with: the life of its shard, seen at one moment by Redis' own clock. In Lua, like the rest.
 *
 * A life begins when nothing is there (a flush, a restart without persistence), when another server answers (after a restart with
 * persistence or a failover the last writes may be missing), and when the shard stands before an offset that a process has seen already.
 * It has a new epoch, and no version in it is lower than the seconds since 2026, nor than the versions of the life before it, as far as
 * processes remember that: so no version goes back.
 *
 * ARGV: 1 = the process, 2 = time for tests or nothing, 3 and 4 = the epoch and the offset that the process knows, 5 = the highest base
 * of versions that it knows of any shard, so that the users of whom nothing is known have one version in all shards, 6 = the server by its
 * own word, or nothing.
 */
export const shardScript = `
local metaKey, usersKey, dueKey, changesKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local own = 6
local time = redis.call('TIME')
local known = redis.call('HMGET', metaKey, 'epoch', 'offset', 'forgotten', 'base', 'swept', 'amnesty', 'skew', 'server')
local epoch = known[1]
local offset, forgotten, base = tonumber(known[2] or 0), tonumber(known[3] or 0), tonumber(known[4] or 0)
local amnesty, skew = tonumber(known[6] or 0), tonumber(known[7] or 0)
local now = ARGV[2] ~= '' and tonumber(ARGV[2]) or time[1] * 1000 + math.floor(time[2] / 1000)
local swept = tonumber(known[5] or now)

-- A clock that was set back must not keep leases alive: from then on the shard's own time runs ahead of it.
if now + skew < swept then
  skew = swept - now
  redis.call('HSET', metaKey, 'skew', skew)
end
now = now + skew

local function beginLife()
  epoch = string.sub(redis.sha1hex(ARGV[1] .. ' ' .. time[1] .. '.' .. time[2] .. ' ' .. metaKey), 1, 12)
  forgotten = offset
  local before = ARGV[3] ~= '' and tonumber(ARGV[5]) + ${lifeMargin} or 0
  base = math.max(base, math.floor((now - ${versionsBegan}) / 1000), before, 1)
  redis.call('HSET', metaKey, 'epoch', epoch, 'offset', offset, 'forgotten', forgotten, 'base', base, 'swept', now, 'server', ARGV[6])
end
local isOtherServer = ARGV[6] ~= '' and known[8] ~= ARGV[6]
local isBehind = ARGV[3] == epoch and offset < tonumber(ARGV[4])
if not epoch then
  -- Of a shard that lost a part, the rest is worth nothing.
  redis.call('DEL', metaKey, usersKey, dueKey, changesKey)
  offset, amnesty, skew, swept = 0, 0, 0, now
  beginLife()
elseif isOtherServer or isBehind then
  swept, amnesty = now, now + ${amnestyMs}
  beginLife()
  redis.call('HSET', metaKey, 'amnesty', amnesty)
end
if now - swept > ${outageMs} then
  swept, amnesty = now, now + ${amnestyMs}
  redis.call('HSET', metaKey, 'swept', swept, 'amnesty', amnesty)
end
if base < tonumber(ARGV[5]) then
  base = tonumber(ARGV[5])
  redis.call('HSET', metaKey, 'base', base)
end

-- Up to this time leases have run out.
local function leasesEndedAt()
  return amnesty > now and 0 or now
end

local function append(...)
  offset = offset + 1
  redis.call('HSET', metaKey, 'offset', offset)
  redis.call('XADD', changesKey, offset .. '-0', 'at', now, 'epoch', epoch, 'by', ARGV[1], ...)
end

-- Offsets have no gaps, so the first entry that is young enough is found by halving.
local function trim()
  local function isOld(entries)
    return entries[1] and tonumber(entries[1][2][2]) < now - ${streamKeptMs}
  end
  if not isOld(redis.call('XRANGE', changesKey, '-', '+', 'COUNT', 1)) then return end
  local low, high = forgotten + 1, offset + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if isOld(redis.call('XRANGE', changesKey, middle .. '-0', '+', 'COUNT', 1)) then low = middle + 1 else high = middle end
  end
  forgotten = low - 1
  redis.call('HSET', metaKey, 'forgotten', forgotten)
  redis.call('XTRIM', changesKey, 'MINID', low .. '-0')
end

local function answer(result)
  return { epoch, offset, forgotten, base, result }
end
`;
