import { idleMs, leaseMs } from '../../presence/user-presence.js';

/** Users without sessions are forgotten this long after their last transition; the database knows the rest of them. In ms. */
const forgetAfterMs = 30 * 24 * 3_600_000;

/**
 * The rules of user-presence.ts in Lua; a test drives both through the same histories. Where that file makes new values, this one changes
 * the user that was read for this transition only.
 *
 * A user is kept as JSON: `a` availability, `d` devices, `l` last seen, `g` settings { revision, busy, visibility, status message },
 * `x` activity { kind, game, since, rest }, `v` versions and `o` offsets of the last change, each { own, friend, stranger }, and `s`
 * sessions in the order in which they came: `i` id, `w` away, `m` last message, `k` kept until, `x` activity, `c` connections
 * { id, kind, until } with the kinds L(ive), V (leaving), G(one). Texts that only clients read stay JSON inside JSON: cjson would make an
 * empty list an object.
 */
export const rulesScript = `
local function load(id)
  local json = redis.call('HGET', usersKey, id)
  local user = json and cjson.decode(json) or { a = 'OFFLINE', d = 0, v = { base, base, base }, o = { 0, 0, 0 }, s = {} }
  for each = 1, 3 do user.v[each] = math.max(user.v[each], base) end
  return user, json ~= false
end

local function has(session, isKind)
  for _, connection in ipairs(session.c) do
    if isKind(connection[2]) then return true end
  end
  return false
end
local function isLive(session)
  return has(session, function(kind) return kind ~= 'G' end)
end
local function isAlive(session)
  return has(session, function(kind) return kind == 'L' end)
end
local function anyAlive(sessions)
  for _, session in ipairs(sessions) do
    if isAlive(session) then return true end
  end
  return false
end

local function filter(list, isKept)
  local kept = {}
  for _, each in ipairs(list) do
    if isKept(each) then kept[#kept + 1] = each end
  end
  return kept
end

local function dropExpired(sessions)
  local limit = leasesEndedAt()
  return filter(sessions, function(session)
    if #session.c == 0 then return session.k > limit end
    session.c = filter(session.c, function(connection) return connection[3] > limit end)
    return #session.c > 0
  end)
end

local function aggregate(user)
  local live = filter(user.s, isLive)
  local isActive = false
  for _, session in ipairs(live) do
    if not session.w and session.m + ${idleMs} > now then isActive = true end
  end
  local isBusy = user.g and user.g[2] == 1
  user.d = #live
  user.a = #live == 0 and 'OFFLINE' or isBusy and 'BUSY' or isActive and 'ONLINE' or 'AWAY'
  user.x = nil
  for _, session in ipairs(#live == 0 and user.s or live) do
    if session.x and (not user.x or session.x[3] > user.x[3]) then user.x = session.x end
  end
end

-- What an audience (1 = own, 2 = friend, 3 = stranger) sees, as a text to compare.
local function view(user, audience)
  local status, visibility = 'null', 'EVERYONE'
  if user.g then visibility, status = user.g[3], user.g[4] end
  local isOffline = user.a == 'OFFLINE'
  local lastSeen = not isOffline and 0 or user.l and math.floor(user.l / 60000) or 'never'
  local activity = user.x and table.concat(user.x, '\\0') or ''
  if audience == 1 then return table.concat({ user.a, activity, status, lastSeen, user.d, visibility }, '\\1') end
  if visibility == 'NOBODY' or (visibility == 'FRIENDS' and audience == 3) then return 'hidden' end
  if isOffline then return lastSeen == 'never' and 'hidden' or 'OFFLINE ' .. lastSeen end
  return table.concat({ user.a, activity, status }, '\\1')
end

local function nextDeadline(user)
  local deadline = math.huge
  for _, session in ipairs(user.s) do
    if #session.c == 0 then deadline = math.min(deadline, session.k) end
    for _, connection in ipairs(session.c) do deadline = math.min(deadline, connection[3]) end
    local idleAt = session.m + ${idleMs}
    if isLive(session) and not session.w and idleAt > now then deadline = math.min(deadline, idleAt) end
  end
  return deadline
end

local function encodeState(user)
  return cjson.encode({ a = user.a, d = user.d, l = user.l, g = user.g, x = user.x, v = user.v })
end

local function save(id, user)
  local deadline = nextDeadline(user)
  redis.call('HSET', usersKey, id, cjson.encode(user))
  redis.call('ZADD', dueKey, deadline == math.huge and now + ${forgetAfterMs} or deadline, id)
end

local function nextVersion(user)
  return math.max(user.v[2], user.v[3]) + 1
end

-- One step of the user: what has run out is dropped, then apply(user) changes the sessions. Returns the state after it.
local function advance(id, user, isKnown, settings, apply)
  local before = { view(user, 1), view(user, 2), view(user, 3) }
  user.s = dropExpired(user.s)
  local wasAlive = anyAlive(user.s)
  apply(user)
  if settings and not (user.g and user.g[1] >= settings[1]) then user.g = settings end
  if wasAlive or anyAlive(user.s) then user.l = now end
  aggregate(user)
  local changed = ''
  local others = nextVersion(user)
  for audience = 1, 3 do
    if view(user, audience) ~= before[audience] then
      changed = changed .. string.sub('OFS', audience, audience)
      user.v[audience] = audience == 1 and user.v[1] + 1 or others
      user.o[audience] = offset + 1
    end
  end
  local state = encodeState(user)
  if changed ~= '' then append('of', id, 'for', changed, 'state', state) end
  -- Who is unknown stays unknown by what changes nothing: sessions of users who are offline end every day.
  if isKnown or #user.s > 0 or user.g then save(id, user) end
  return state
end

local function findSession(user, id)
  for index, session in ipairs(user.s) do
    if session.i == id then return session, index end
  end
end

local function findConnection(session, id)
  if not session then return end
  for index, connection in ipairs(session.c) do
    if connection[1] == id then return connection, index end
  end
end

local function addSession(user, id)
  local session = { i = id, w = false, m = now, k = now, c = {} }
  user.s[#user.s + 1] = session
  return session
end

-- A session ends with its last connection, and what it was doing with it.
local function removeConnection(user, sessionIndex, connectionIndex)
  local session = user.s[sessionIndex]
  table.remove(session.c, connectionIndex)
  if #session.c == 0 then table.remove(user.s, sessionIndex) end
end

local function isUnknownConnection(user, sessionId, connectionId)
  local connection = findConnection((findSession(user, sessionId)), connectionId)
  return not connection or connection[3] <= leasesEndedAt()
end

local function sweepUser(id)
  local user, isKnown = load(id)
  if not isKnown or #user.s == 0 then
    redis.call('HDEL', usersKey, id)
    redis.call('ZREM', dueKey, id)
    -- The user will be one of whom nothing is known, whose version must not go back.
    base = math.max(base, user.v[1], user.v[2], user.v[3])
    redis.call('HSET', metaKey, 'base', base)
    return
  end
  advance(id, user, isKnown, nil, function() end)
end

local leaseMs = ${leaseMs}
`;
