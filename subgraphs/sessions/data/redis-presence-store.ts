import { randomUUID } from 'node:crypto';
import { createSharedRead } from '../../../shared/database/shared-read.js';
import { within } from '../../../shared/redis/redis-connection.js';
import type { Logger } from '../../../shared/logging/logger.js';
import type { ConnectionKey, PresenceState } from '../presence/presence.js';
import { createScheduler, type Scheduler } from '../presence/scheduler.js';
import type { PresenceChanges, PresenceListener, PresenceMoment, PresenceStore } from '../services/presence/presence-store.js';
import { createLastKnownStates } from './redis-presence/last-known-states.js';
import {
  decodeInput,
  decodeState,
  decodeUser,
  encodeActivity,
  encodeInput,
  encodeSettings,
  type StreamEntry,
} from './redis-presence/presence-codec.js';
import { inputsKey, shardCount, shardOf as shardAmong } from './redis-presence/presence-keys.js';
import {
  announceScript,
  connectScript,
  endSessionScript,
  leaveScript,
  readScript,
  renewScript,
  renewVersionsScript,
  takeInputScript,
  updateScript,
  type PresenceScript,
} from './redis-presence/presence-scripts.js';
import { openRedisLink, silenceMs, toRefusal, unavailable } from './redis-presence/redis-link.js';
import { createScriptRunner, type ScriptCall, type ScriptResult } from './redis-presence/script-runner.js';
import { createShardLives } from './redis-presence/shard-lives.js';
import { startShardSweeper } from './redis-presence/shard-sweeper.js';
import { startStreamReader } from './redis-presence/stream-reader.js';

/** Leases that one script renews: some 5 ms, in which Redis does nothing else. */
const renewalBatch = 200;

export interface RedisPresenceStoreOptions {
  readonly url: string;
  readonly logger: Logger;
  /** When to sweep. */
  readonly scheduler?: Scheduler;
  /** For tests: instead of Redis' own clock, the same in all processes. */
  readonly now?: () => number;
  /** For tests: fewer, a power of two, the same in all processes. */
  readonly shards?: number;
  /** For tests: how Redis is reached. */
  readonly openLink?: typeof openRedisLink;
}

/**
 * The presence store that many processes share, on Redis 7 or Valkey: each transition is one script on one of 64 shards, and each change
 * an entry of the shard's stream, which every process reads. Redis may lose everything; it must not evict keys by itself
 * (`maxmemory-policy noeviction`).
 */
export function createRedisPresenceStore(options: RedisPresenceStoreOptions): PresenceStore {
  const { url, logger, scheduler = createScheduler(), now, shards = shardCount, openLink = openRedisLink } = options;
  const shardOf = (userId: string): number => shardAmong(userId, shards);
  const processId = randomUUID();
  const listeners = new Set<PresenceListener>();
  const lastKnown = createLastKnownStates();
  const lives = createShardLives({
    shards,
    onLost() {
      logger.warn('presence: Redis has lost its state, or this process has missed changes; everything is read and connected anew');
      const online = lastKnown.online();
      lastKnown.clear();
      tell((listener) => listener.onLost?.({ wasOnline: (userId) => online.has(userId) }));
    },
  });
  const link = openLink({ url, logger, purpose: 'commands' });
  const runner = createScriptRunner({ link, lives, processId, now });
  const sweeper = startShardSweeper({ shards, runner, lives, scheduler, logger });
  // Not at the next turn of the sweeper: who starts, or was cut off, wants to know what has become of the shards.
  link.redis.on('ready', () => void sweeper.sweep());
  const reader = startStreamReader({
    shards,
    link: openLink({ url, logger, purpose: 'changes' }),
    lives,
    started: sweeper.started,
    relearn: () => sweeper.sweep(),
    onEntry,
    logger,
  });

  /** One listener that fails must not keep the others from hearing. */
  function tell(call: (listener: PresenceListener) => void): void {
    for (const listener of listeners) {
      try {
        call(listener);
      } catch (error) {
        logger.error({ err: error }, 'presence: a listener failed');
      }
    }
  }

  function onEntry(shard: number, offset: number, { by, told }: StreamEntry): void {
    const position = { shard, offset };
    switch (told.kind) {
      case 'Change': {
        const { state, changedFor } = told;
        lastKnown.remember(state);
        tell((listener) => listener.onChange?.({ position, state, changedFor, madeHere: by === processId }));
        return;
      }
      case 'Notice':
        // Their versions were renewed, which the stream does not tell.
        if (told.notice.kind === 'RelationChanged') for (const id of [told.notice.userId, told.notice.otherId]) lastKnown.forget(id);
        tell((listener) => listener.onNotice?.(told.notice, position));
    }
  }

  async function start(): Promise<void> {
    try {
      link.requireHope();
      await within(silenceMs, sweeper.started);
    } catch (error) {
      throw toRefusal(error);
    }
  }

  async function run(calls: readonly ScriptCall[]): Promise<readonly ScriptResult[]> {
    await start();
    const results = await runner.run(calls);
    const areStrange = (): boolean => results.some((result) => lives.isStrange(result));
    // A shard has begun a new life: everybody hears of it before this call has an effect. The sweep under way may have begun before it.
    for (let round = 0; round < 2 && areStrange(); round += 1) await sweeper.sweep();
    // It began after the call, which is forgotten like everything else.
    if (areStrange()) throw unavailable();
    return results;
  }

  async function transit(userId: string, script: PresenceScript, ...args: readonly (string | number)[]): Promise<PresenceState> {
    const [answer] = await run([{ shard: shardOf(userId), script, args: [userId, ...args] }]);
    const state = decodeState(userId, String(answer?.result));
    lastKnown.remember(state);
    return state;
  }

  // At the end of the microtasks under way: those who waited for the same answer of the database read together.
  const readUsers = createSharedRead(readNow, (begin) => process.nextTick(begin));

  async function readNow(userIds: readonly string[]) {
    const asked = [...groupBy(userIds, shardOf)];
    const results = await run(asked.map(([shard, ids]) => ({ shard, script: readScript, args: ids })));
    const users = new Map<string, ReturnType<typeof decodeUser>>();
    for (const [index, { result, base }] of results.entries()) {
      const kept = result as readonly (string | null)[];
      for (const [each, userId] of (asked[index]?.[1] ?? []).entries()) users.set(userId, decodeUser(userId, kept[each] ?? null, base));
    }
    for (const { state } of users.values()) lastKnown.remember(state);
    const moment: PresenceMoment = { epoch: lives.epoch, offsets: new Map(results.map(({ shard, offset }) => [shard, offset])) };
    return { users, results, moment };
  }

  /** All the users as they were last known, at the moment up to which this process has heard of everybody; throws `error` when it cannot. */
  function readLastKnown(userIds: readonly string[], error: unknown) {
    const states = userIds.map((userId) => {
      const state = lastKnown.find(userId);
      if (state === undefined) throw error;
      return state;
    });
    const offsets = new Map(userIds.map((userId) => [shardOf(userId), lives.of(shardOf(userId))?.told ?? 0]));
    return { moment: { epoch: lives.epoch, offsets }, states };
  }

  return {
    connect: ({ userId, sessionId, connectionId }, settings) =>
      transit(userId, connectScript, sessionId, connectionId, ...encodeSettings(settings)),
    async renew(keys) {
      const batches = [...groupBy(keys, ({ userId }) => shardOf(userId))].flatMap(([shard, ofShard]) =>
        chunks(ofShard, renewalBatch).map((batch) => ({ shard, batch })),
      );
      const results = await run(batches.map(({ shard, batch }) => ({ shard, script: renewScript, args: batch.flatMap(toArguments) })));
      return results.flatMap(({ result }, index) =>
        (result as readonly number[]).flatMap((each) => batches[index]?.batch.slice(each, each + 1) ?? []),
      );
    },
    async leave({ userId, sessionId, connectionId }, graceMs) {
      await transit(userId, leaveScript, sessionId, connectionId, graceMs);
    },
    endSession: ({ userId, sessionId }) => transit(userId, endSessionScript, sessionId),
    update({ userId, sessionId }, { settings, isAway, activity }) {
      const away = isAway === undefined ? '' : isAway ? 1 : 0;
      return transit(userId, updateScript, sessionId, ...encodeSettings(settings), away, ...encodeActivity(activity));
    },
    async takeInput({ userId, sessionId }, fields, most) {
      const shard = shardOf(userId);
      const args = [userId, sessionId, most, encodeInput(fields)];
      const [answer] = await run([{ shard, script: takeInputScript, args, ownKeys: [inputsKey(userId, shard)] }]);
      return decodeInput(answer?.result as Parameters<typeof decodeInput>[0]);
    },
    async read(userIds) {
      try {
        const { users, moment } = await readUsers(userIds);
        return { moment, states: userIds.flatMap((userId) => users.get(userId)?.state ?? []) };
      } catch (error) {
        return readLastKnown(userIds, error);
      }
    },
    async readChanges(audiences, since): Promise<PresenceChanges> {
      const { users, results, moment } = await readNow([...audiences.keys()]);
      if (since.epoch !== moment.epoch) return { kind: 'UnknownEpoch' };
      const sinceOf = (shard: number): number | undefined => since.offsets.get(shard);
      if (results.some(({ shard, offset }) => (sinceOf(shard) ?? 0) > offset)) return { kind: 'UnknownEpoch' };
      if (results.some(({ shard, forgotten }) => (sinceOf(shard) ?? forgotten) < forgotten)) return { kind: 'TooOld' };
      const changed = [...audiences].flatMap(([userId, audience]) => {
        const user = users.get(userId);
        return user !== undefined && user.offsetFor(audience) > (sinceOf(shardOf(userId)) ?? -1) ? [user.state] : [];
      });
      return { kind: 'Changes', moment, states: changed };
    },
    async renewVersions(userIds) {
      await run([...groupBy(new Set(userIds), shardOf)].map(([shard, ids]) => ({ shard, script: renewVersionsScript, args: ids })));
      // Which the stream does not tell: whoever cannot read them now must not tell the versions of before.
      for (const id of userIds) lastKnown.forget(id);
    },
    shardOf,
    heard: () => lives.heard(),
    async announce(notice) {
      const concerned = new Set([shardOf(notice.userId)]);
      // Before whatever either of the two does next: one who was stopped, or cut off, reads the shards in any order.
      if (notice.kind === 'RelationChanged') concerned.add(shardOf(notice.otherId));
      await run([...concerned].map((shard) => ({ shard, script: announceScript, args: [JSON.stringify(notice)] })));
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async ping() {
      await start();
      try {
        link.requireReady();
        await link.within(silenceMs, link.redis.ping());
      } catch (error) {
        throw toRefusal(error);
      }
    },
    async close() {
      sweeper.stop();
      listeners.clear();
      await reader.close();
      await link.close();
    },
  };
}

function toArguments({ userId, sessionId, connectionId }: ConnectionKey): readonly string[] {
  return [userId, sessionId, connectionId];
}

function groupBy<Item, Key>(items: Iterable<Item>, keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}
