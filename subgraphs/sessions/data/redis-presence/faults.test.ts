import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startRedis } from '../../../../tests/testkit/services/redis.js';
import { orSkip } from '../../../../tests/testkit/services/services.js';
import { versionFor, viewPresence } from '../../presence/presence-view.js';
import { defaultSettings, type Audience, type ConnectionKey, type PresenceState } from '../../presence/presence.js';
import { startPresenceNodes, type PresenceNode, type PresenceNodes } from './presence-nodes.conformance.js';
import { until } from '../../../../tests/testkit/until.js';

const server = orSkip('redis-server', await startRedis());
afterAll(() => server?.stop());

const userIds = ['ada', 'bob', 'eve'];
const audiences = ['OWN', 'FRIEND', 'STRANGER'] as const;

const user = fc.constantFrom(...userIds);
const sessionId = fc.constantFrom('phone', 'laptop');
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('open' as const), user, sessionId }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('close' as const), graceMs: fc.constantFrom(null, 0, 3_000, 15_000) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('update' as const), user, sessionId, isAway: fc.boolean(), isBusy: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const), user, sessionId }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(500, 4_000, 15_000, 46_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('outage' as const), ms: fc.constantFrom(9_000, 30_000, 100_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('flush' as const, 'cut' as const, 'forget scripts' as const) }) },
);
const steps = fc.array(fc.tuple(fc.nat(2), step), { minLength: 20, maxLength: 40 });

/** A process with open sockets, which keeps what its viewers were told. */
interface Process {
  readonly node: PresenceNode;
  readonly sockets: Map<string, ConnectionKey>;
  readonly told: Map<string, PresenceState>;
}

if (server !== null) {
  const { url } = server;

  /** What services/presence does with a store, in short: renewals, connecting anew, and a view that is read and then followed. */
  function createProcesses(all: PresenceNodes) {
    const faults: string[] = [];
    const work = new Set<Promise<unknown>>();
    /** Goes on until it has succeeded. */
    const insist = async (attempt: () => Promise<unknown>): Promise<void> => {
      const done = until(() =>
        attempt().then(
          () => true,
          () => false,
        ),
      );
      work.add(done);
      await done;
      work.delete(done);
    };

    const processes = all.nodes.map((node): Process => {
      const { store } = node;
      const process: Process = { node, sockets: new Map(), told: new Map() };
      const take = (state: PresenceState, changedFor: readonly Audience[]): void => {
        const before = process.told.get(state.userId);
        for (const audience of audiences) {
          const [was, is] = [before === undefined ? 0 : versionFor(before, audience), versionFor(state, audience)];
          if (changedFor.includes(audience) ? is <= was : is < was) return;
        }
        process.told.set(state.userId, state);
      };
      const highest = new Map<string, number>();
      store.listen({
        onChange({ state, changedFor }) {
          const isOpen = processes.some(({ sockets }) => [...sockets.values()].some(({ userId }) => userId === state.userId));
          if (isOpen && state.availability === 'OFFLINE') faults.push(`${state.userId} was told offline with an open socket`);
          for (const audience of changedFor) {
            const [key, version] = [`${state.userId} ${audience}`, versionFor(state, audience)];
            if (version <= (highest.get(key) ?? 0)) faults.push(`the version of ${key} went from ${highest.get(key) ?? 0} to ${version}`);
            highest.set(key, version);
          }
          take(state, changedFor);
        },
        onLost: () =>
          void insist(async () => {
            for (const key of process.sockets.values()) await store.connect(key, defaultSettings);
            process.told.clear();
            for (const state of (await store.read(userIds)).states) take(state, []);
          }),
      });
      return process;
    });

    return {
      at: (index: number): Process => {
        const found = processes[index];
        if (found === undefined) throw new Error('no such process');
        return found;
      },
      processes,
      faults,
      insist,
      renew: async () => {
        for (const { node, sockets } of processes) {
          await insist(async () => {
            const unknown = await node.store.renew([...sockets.values()]);
            for (const key of unknown) await node.store.connect(key, defaultSettings);
          });
        }
      },
      settle: async () => {
        await insist(() => all.advance(500));
        while (work.size > 0) await Promise.all(work);
        await until(() =>
          all.settle().then(
            () => true,
            () => false,
          ),
        );
      },
    };
  }

  describe('Presence on three processes, under faults', () => {
    it('is never offline with an open socket, never goes back, and looks the same to everybody', async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (given) => {
          const all = await startPresenceNodes(url, 3, userIds);
          const { at, processes, faults, insist, renew, settle } = createProcesses(all);
          let opened = 0;
          let revision = 0;
          const pass = async (ms: number): Promise<void> => {
            for (let passed = 0; passed < ms; passed += 15_000) {
              await insist(() => all.advance(Math.min(15_000, ms - passed)));
              await renew();
            }
          };
          for (const [index, what] of given) {
            const { node, sockets } = at(index);
            switch (what.kind) {
              case 'open': {
                opened += 1;
                const key = { userId: what.user, sessionId: what.sessionId, connectionId: `socket-${opened}` };
                await insist(() => node.store.connect(key, defaultSettings));
                sockets.set(key.connectionId, key);
                break;
              }
              case 'close': {
                const [key] = sockets.values();
                const { graceMs } = what;
                if (key === undefined) break;
                sockets.delete(key.connectionId);
                if (graceMs !== null) await insist(() => node.store.leave(key, graceMs));
                break;
              }
              case 'update': {
                revision += 1;
                const settings = { ...defaultSettings, revision, isBusy: what.isBusy };
                await insist(() => node.store.update({ userId: what.user, sessionId: what.sessionId }, { isAway: what.isAway, settings }));
                break;
              }
              case 'end':
                for (const each of processes) {
                  for (const [id, key] of each.sockets) {
                    if (key.userId === what.user && key.sessionId === what.sessionId) each.sockets.delete(id);
                  }
                }
                await insist(() => node.store.endSession({ userId: what.user, sessionId: what.sessionId }));
                break;
              case 'wait':
                await pass(what.ms);
                break;
              case 'outage':
                all.jump(what.ms);
                await pass(15_000);
                break;
              case 'flush':
                await all.redis.flushall();
                break;
              case 'cut':
                await all.redis.client('KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
                break;
              case 'forget scripts':
                await all.redis.script('FLUSH');
            }
            await settle();
            const { states } = await at(0).node.store.read(userIds);
            const open = new Set(processes.flatMap((each) => [...each.sockets.values()].map(({ userId }) => userId)));
            expect(states.filter(({ userId, availability }) => open.has(userId) && availability === 'OFFLINE')).toEqual([]);
            for (const { told } of processes) {
              for (const state of states) {
                for (const audience of audiences) {
                  const seen = told.get(state.userId);
                  if (seen !== undefined)
                    expect({ ...viewPresence(seen, audience, 0), version: 0 }).toEqual({ ...viewPresence(state, audience, 0), version: 0 });
                }
              }
            }
          }
          expect(faults).toEqual([]);
          await all.close();
        }),
        // A history takes a second, and its many shorter ones as long: the seed that is told plays it again.
        { numRuns: 5, endOnFailure: true },
      );
    }, 120_000);
  });
}
