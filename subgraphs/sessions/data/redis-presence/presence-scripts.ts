import { createHash } from 'node:crypto';
import { quotaMs } from '../../presence/session-inputs.js';
import { rulesScript } from './rules-script.js';
import { shardScript } from './shard-script.js';

/** A transition, as Redis runs it: whole, or not at all. */
export interface PresenceScript {
  readonly source: string;
  /** By which Redis knows a script that it has run before. */
  readonly sha: string;
}

/** How many users one sweep takes at most: it holds up everything else in Redis. */
export const sweepLimit = 200;

function script(body: string): PresenceScript {
  const source = `${shardScript}${rulesScript}${body}`;
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

const settingsArgument = (first: number): string => `
local settings = nil
if ARGV[own + ${first}] ~= '' then
  settings = { tonumber(ARGV[own + ${first}]), tonumber(ARGV[own + ${first + 1}]), ARGV[own + ${first + 2}], ARGV[own + ${first + 3}] }
end`;

/** Own arguments: user, session, connection, settings (4). Answers the state. */
export const connectScript = script(`
local id, sessionId, connectionId = ARGV[own + 1], ARGV[own + 2], ARGV[own + 3]
${settingsArgument(4)}
local user, isKnown = load(id)
return answer(advance(id, user, isKnown, settings, function()
  local session = findSession(user, sessionId)
  -- Reconnecting is not a message: an idle session that loses its socket and comes back stays idle, and nobody hears of it.
  if session and not isLive(session) then session.m = now end
  session = session or addSession(user, sessionId)
  -- The session is back: what it lost has nothing left to wait for.
  session.c = filter(session.c, function(connection) return connection[2] ~= 'V' end)
  local connection = findConnection(session, connectionId)
  if not connection then
    connection = { connectionId }
    session.c[#session.c + 1] = connection
  end
  connection[2], connection[3] = 'L', now + leaseMs
end))`);

/** Own arguments: user, session and connection of many leases. Answers which of them are unknown, counted from 0. */
export const renewScript = script(`
local unknown = {}
for each = own + 1, #ARGV, 3 do
  local id, sessionId, connectionId = ARGV[each], ARGV[each + 1], ARGV[each + 2]
  local user, isKnown = load(id)
  if isUnknownConnection(user, sessionId, connectionId) then
    unknown[#unknown + 1] = (each - own - 1) / 3
  else
    advance(id, user, isKnown, nil, function()
      local connection = findConnection((findSession(user, sessionId)), connectionId)
      -- A renewal that was under way when its socket was lost must not bring it back.
      if connection and connection[2] ~= 'V' then connection[3] = now + leaseMs end
    end)
  end
end
return answer(unknown)`);

/** Own arguments: user, session, connection, grace in ms. Answers the state. */
export const leaveScript = script(`
local id, sessionId, connectionId, grace = ARGV[own + 1], ARGV[own + 2], ARGV[own + 3], tonumber(ARGV[own + 4])
local user, isKnown = load(id)
return answer(advance(id, user, isKnown, nil, function()
  local session, sessionIndex = findSession(user, sessionId)
  local connection, index = findConnection(session, connectionId)
  if not connection then return end
  if connection[2] == 'G' or grace <= 0 then return removeConnection(user, sessionIndex, index) end
  connection[3] = connection[2] == 'V' and math.min(connection[3], now + grace) or now + grace
  connection[2] = 'V'
end))`);

/** Own arguments: user, session. Answers the state. */
export const endSessionScript = script(`
local id, sessionId = ARGV[own + 1], ARGV[own + 2]
local user, isKnown = load(id)
return answer(advance(id, user, isKnown, nil, function()
  local session, index = findSession(user, sessionId)
  if not session then return end
  session.c = filter(session.c, function(connection) return connection[2] ~= 'V' end)
  for _, connection in ipairs(session.c) do connection[2] = 'G' end
  session.w, session.x = false, nil
  if #session.c == 0 then table.remove(user.s, index) end
end))`);

/**
 * Own arguments: user, session, settings (4, the first empty = stay), away ('1', '0', empty = stays), the kind of activity ('NONE', empty =
 * stays) and its game and rest. Answers the state.
 */
export const updateScript = script(`
local id, sessionId = ARGV[own + 1], ARGV[own + 2]
${settingsArgument(3)}
local away, kind = ARGV[own + 7], ARGV[own + 8]
local user, isKnown = load(id)
return answer(advance(id, user, isKnown, settings, function()
  local declares = away ~= '' or kind ~= ''
  local session = findSession(user, sessionId)
  if not session and not declares then return end
  session = session or addSession(user, sessionId)
  session.m = now
  if declares then session.k = now + leaseMs end
  if away ~= '' then session.w = away == '1' end
  if kind == 'NONE' then session.x = nil end
  if kind ~= '' and kind ~= 'NONE' then
    local game, since, before = ARGV[own + 9], now, session.x
    -- The same thing with another text has been going on since it began.
    if before and before[1] == kind and before[2] == game then since = before[3] end
    session.x = { kind, game, since, ARGV[own + 10] }
  end
end))`);

/**
 * `takeInput` of session-inputs.ts in Lua. Own key: the user's inputs as JSON, by session { `t` times, `w` waiting { `s` of the session, `u` of
 * the user } }. Own arguments: user, session, how many may take effect, the input as { `s`, `u` } or nothing. Answers the kind, the fields and
 * for how long they wait.
 */
export const takeInputScript = script(`
local sessionId, most, given = ARGV[own + 2], tonumber(ARGV[own + 3]), ARGV[own + 4]
local kept = redis.call('GET', KEYS[5])
local all = kept and cjson.decode(kept) or {}
local mine = all[sessionId]
if given == '' and not mine then return answer({ 'Unknown' }) end
if given == '' and not mine.w then return answer({ 'Nothing' }) end
mine = mine or { t = {} }
all[sessionId] = mine
local fields = mine.w or { s = {}, u = {} }
if given ~= '' then
  local more = cjson.decode(given)
  for name, text in pairs(more.s) do fields.s[name] = text end
  for name, text in pairs(more.u) do
    -- What another session has said of the user before is not to undo this later.
    for _, other in pairs(all) do
      if other.w then other.w.u[name] = nil end
    end
    fields.u[name] = text
  end
end
for id, inputs in pairs(all) do
  inputs.t = filter(inputs.t, function(at) return at > now - ${quotaMs} end)
  if id ~= sessionId and #inputs.t == 0 and not inputs.w then all[id] = nil end
end
local kind, waitMs = 'Now', 0
if #mine.t < most then
  mine.t[#mine.t + 1], mine.w = now, nil
else
  kind, waitMs, mine.w = 'Later', mine.t[1] + ${quotaMs} - now, fields
end
redis.call('SET', KEYS[5], cjson.encode(all), 'PX', ${2 * quotaMs})
return answer({ kind, cjson.encode(fields), waitMs })`);

/** Drops what has run out, and what is older than anybody may ask for. Answers whether there is more. */
export const sweepScript = script(`
redis.call('HSET', metaKey, 'swept', now)
trim()
if amnesty > now then return answer(0) end
local due = redis.call('ZRANGEBYSCORE', dueKey, '-inf', now, 'LIMIT', 0, ${sweepLimit})
for _, id in ipairs(due) do sweepUser(id) end
return answer(#due == ${sweepLimit} and 1 or 0)`);

/** Own arguments: users. Answers what is kept of each. */
export const readScript = script(`
if amnesty <= now and redis.call('ZRANGEBYSCORE', dueKey, '-inf', now, 'LIMIT', 0, 1)[1] then
  for each = own + 1, #ARGV do
    local at = redis.call('ZSCORE', dueKey, ARGV[each])
    if at and tonumber(at) <= now then sweepUser(ARGV[each]) end
  end
end
return answer(redis.call('HMGET', usersKey, unpack(ARGV, own + 1)))`);

/** Own arguments: users. See `withRenewedVersions`. Deadlines stay: what falls due by then has yet to be told. */
export const renewVersionsScript = script(`
for each = own + 1, #ARGV do
  local user, isKnown = load(ARGV[each])
  if isKnown then
    local renewed = nextVersion(user)
    user.v[2], user.v[3] = renewed, renewed
    redis.call('HSET', usersKey, ARGV[each], cjson.encode(user))
  end
end
return answer(0)`);

/** Own argument: the notice as JSON. */
export const announceScript = script(`
append('notice', ARGV[own + 1])
return answer(0)`);

export const allScripts: readonly PresenceScript[] = [
  connectScript,
  renewScript,
  leaveScript,
  endSessionScript,
  updateScript,
  takeInputScript,
  sweepScript,
  readScript,
  renewVersionsScript,
  announceScript,
];
