import fc from 'fast-check';
import type { PresenceUpdateInput } from '../services/presence/own/presence-input.js';
import type { RelationKind } from '../../../shared/users/relation-table.js';
import type { Device } from './device.js';
import type { Process } from './process.js';
import { userIds, type World } from './world.js';

export type Command = fc.AsyncCommand<World, World>;

interface What<Given> {
  /** Whether it can be done now, and with what. */
  readonly find: (world: Readonly<World>, given: Given) => unknown;
  readonly does: (world: World, given: Given) => unknown;
}

/** Commands that show as their name and what they were given. What cannot be done is left out, and not shown. */
function command<Given>(name: string, weight: number, given: fc.Arbitrary<Given>, { find, does }: What<Given>) {
  const arbitrary = given.map((value): Command => ({
    check: (world) => find(world, value) !== undefined,
    async run(_model, world) {
      await does(world, value);
      await world.time.rest();
      world.counts[name] = (world.counts[name] ?? 0) + 1;
      world.requireFaultless();
    },
    toString: () => `${name}(${value === undefined ? '' : JSON.stringify(value).replace(/^[{[]|[}\]]$/g, '')})`,
  }));
  return { weight, arbitrary };
}

const device = fc.nat(2 * userIds.length - 1);
const process = fc.nat(2);
const user = fc.constantFrom(...userIds);
const pair = fc.tuple(user, user).filter(([a, b]) => a !== b);
const relation = fc.constantFrom<(RelationKind | 'NONE')[]>('FRIEND', 'FRIEND', 'BLOCKED', 'NONE');
const delay = fc.constantFrom(0, 0, 0, 30, 700, 4_000);
const input = fc.oneof<fc.Arbitrary<PresenceUpdateInput>[]>(
  fc.constantFrom('ONLINE', 'AWAY', 'BUSY').map((availability) => ({ availability }) as const),
  fc.constantFrom('EVERYONE', 'FRIENDS', 'NOBODY').map((visibility) => ({ visibility }) as const),
  fc.constantFrom('hi', 'brb', null).map((statusMessage) => ({ statusMessage })),
  fc.constantFrom('chess', 'go', null).map((gameId) => ({ activity: gameId === null ? null : { kind: 'IN_GAME', gameId } }) as const),
);

const deviceOf = (world: Readonly<World>, index: number): Device => world.devices[index] ?? never();
const processOf = (world: Readonly<World>, index: number): Process | undefined => world.findProcess(index % world.processes.length);
const onProcess = fc.record({ device, process });
const withRedis = <Given>({ find, does }: What<Given>): What<Given> => ({
  find: (world, given) => (world.hasRedis ? find(world, given) : undefined),
  does,
});

const all = {
  open: command('open', 14, fc.record({ device, process, resumes: fc.constantFrom(true, true, true, false) }), {
    find: (world, given) => (deviceOf(world, given.device).socket === undefined ? processOf(world, given.process) : undefined),
    does: (world, given) => world.open(deviceOf(world, given.device), processOf(world, given.process) ?? never(), given.resumes),
  }),
  leave: command('leave', 6, fc.record({ device, code: fc.constantFrom(0, 1000, 1001, 1006, 1006, 4403) }), {
    find: (world, given) => deviceOf(world, given.device).socket,
    does: (world, given) => world.leave(deviceOf(world, given.device), given.code),
  }),
  reconnect: command(
    'reconnect',
    6,
    fc.record({ device, process, code: fc.constantFrom(1001, 1006, 4403), ms: fc.constantFrom(0, 10, 900) }),
    {
      find: (world, given) => deviceOf(world, given.device).socket && processOf(world, given.process),
      async does(world, given) {
        world.leave(deviceOf(world, given.device), given.code);
        if (given.ms > 0) await world.time.pass(given.ms);
        const on = processOf(world, given.process);
        if (on !== undefined) world.open(deviceOf(world, given.device), on, true);
      },
    },
  ),
  comeBackLate: command(
    'comeBackLate',
    0.5,
    fc.record({ device, process, code: fc.constantFrom(1000, 1006), ms: fc.constantFrom(-100, 30, 200, 400) }),
    {
      find: (world, given) => deviceOf(world, given.device).socket && processOf(world, given.process),
      async does(world, given) {
        world.leave(deviceOf(world, given.device), given.code);
        // Just when it would be over.
        await world.time.pass((given.code === 1000 ? 3_000 : 15_000) + given.ms);
        const on = processOf(world, given.process);
        if (on !== undefined && deviceOf(world, given.device).socket === undefined) world.open(deviceOf(world, given.device), on, true);
      },
    },
  ),
  update: command('update', 16, fc.record({ device, process, input }), {
    find: (world, given) => processOf(world, given.process),
    does: (world, given) => world.update(deviceOf(world, given.device), processOf(world, given.process) ?? never(), given.input),
  }),
  heartbeat: command('heartbeat', 2, onProcess, {
    find: (world, given) => processOf(world, given.process),
    does: (world, given) => world.heartbeat(deviceOf(world, given.device), processOf(world, given.process) ?? never()),
  }),
  goOffline: command('goOffline', 1, onProcess, {
    find: (world, given) => processOf(world, given.process),
    does: (world, given) => world.goOffline(deviceOf(world, given.device), processOf(world, given.process) ?? never()),
  }),
  endSession: command('endSession', 1, fc.record({ device }), {
    find: () => true,
    does: (world, given) => world.endSession(deviceOf(world, given.device)),
  }),
  relate: command('relate', 10, fc.record({ pair, relation, delays: fc.array(delay, { minLength: 1, maxLength: 3 }) }), {
    find: () => true,
    does: (world, given) => world.relate(...given.pair, given.relation === 'NONE' ? undefined : given.relation, given.delays),
  }),
  stall: command('stall', 2, fc.record({ device, isStalled: fc.boolean() }), {
    find: (world, given) => (deviceOf(world, given.device).isStalled === given.isStalled ? undefined : true),
    does: (world, given) => world.stall(deviceOf(world, given.device), given.isStalled),
  }),
  turn: command('wait', 20, fc.constantFrom(1, 10, 100, 400, 500), { find: () => true, does: (world, ms) => world.time.pass(ms) }),
  wait: command('wait', 1, fc.constantFrom(2_500, 3_100, 11_000, 16_000), { find: () => true, does: (world, ms) => world.time.pass(ms) }),
  look: command('look', 6, fc.constant(undefined), { find: () => true, does: (world) => world.judge.look() }),
  kill: command('kill', 0.4, fc.record({ process }), {
    find: (world, given) => processOf(world, given.process),
    does: (world, given) => world.kill(given.process % world.processes.length),
  }),
  shutDown: command('shutDown', 0.4, fc.record({ process }), {
    find: (world, given) => processOf(world, given.process),
    does: (world, given) => world.shutDown(given.process % world.processes.length),
  }),
  start: command('start', 3, fc.record({ process }), {
    find: (world, given) => (world.processes[given.process % world.processes.length] === undefined ? true : undefined),
    does: (world, given) => world.start(given.process % world.processes.length),
  }),
  cut: command(
    'cut',
    0.5,
    fc.record({ process }),
    withRedis({
      find: (world, given) => (processOf(world, given.process)?.network.isCut === false ? true : undefined),
      does: (world, given) => world.cut(processOf(world, given.process) ?? never(), true),
    }),
  ),
  mendCut: command(
    'mendCut',
    3,
    fc.record({ process }),
    withRedis({
      find: (world, given) => (processOf(world, given.process)?.network.isCut === true ? true : undefined),
      does: (world, given) => world.cut(processOf(world, given.process) ?? never(), false),
    }),
  ),
  latency: command(
    'latency',
    1,
    fc.record({ process, there: fc.constantFrom(0, 1, 20, 200), back: fc.constantFrom(0, 1, 20, 200) }),
    withRedis({
      find: (world, given) => processOf(world, given.process),
      does: (world, given) => world.setLatency(processOf(world, given.process) ?? never(), [given.there, given.back]),
    }),
  ),
  stopRedis: command(
    'stopRedis',
    0.3,
    fc.constant(undefined),
    withRedis({
      find: (world) => (world.isRedisUp() ? true : undefined),
      does: (world) => world.stopRedis(),
    }),
  ),
  startRedis: command(
    'startRedis',
    4,
    fc.constantFrom('all', 'most', 'nothing'),
    withRedis({
      find: (world) => (world.isRedisUp() ? undefined : true),
      does: (world, persistence) => world.startRedis(persistence),
    }),
  ),
  flushRedis: command(
    'flushRedis',
    0.2,
    fc.constant(undefined),
    withRedis({
      find: (world) => (world.isRedisUp() ? true : undefined),
      does: (world) => world.flushRedis(),
    }),
  ),
  databaseDown: command('databaseDown', 0.3, fc.constant(undefined), {
    find: (world) => (world.isDatabaseDown() ? undefined : true),
    does: (world) => world.setDatabaseDown(true),
  }),
  databaseUp: command('databaseUp', 2, fc.constant(undefined), {
    find: (world) => (world.isDatabaseDown() ? true : undefined),
    does: (world) => world.setDatabaseDown(false),
  }),
  mend: command('mend', 0.6, fc.constant(undefined), { find: () => true, does: (world) => world.mend() }),
  longWait: command('wait', 0.05, fc.constantFrom(46_000, 125_000, 301_000), {
    find: () => true,
    does: (world, ms) => world.time.pass(ms),
  }),
};

/** Sequences of up to `most` commands, in about these proportions. */
export function commandSequences(most: number): fc.Arbitrary<Iterable<Command>> {
  const weighted = Object.values(all).map(({ weight, arbitrary }) => ({
    weight: Math.round(weight * 20),
    arbitrary: arbitrary,
  }));
  return fc.commands([fc.oneof(...weighted)], { maxCommands: most, size: 'max' });
}

function never(): never {
  throw new Error('The command was not checked');
}
