import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { registerAccount } from '../presence-chaos/account.js';
import { createActs } from '../presence-chaos/acts.js';
import { startCluster, type Cluster } from '../presence-chaos/cluster.js';
import { createDevice, readFresh, type Device } from '../presence-chaos/device.js';
import { createDice } from '../presence-chaos/dice.js';
import { createFaults, type FaultName } from '../presence-chaos/faults.js';
import { createJudge, newReaderMs } from '../presence-chaos/judge.js';
import { watchLateness } from '../presence-chaos/lateness.js';
import type { ToldEntry } from '../presence-chaos/told-map.js';
import { createWorld, type Person } from '../presence-chaos/world.js';
import { startPostgres } from '../testkit/services/postgres.js';
import { startRedis } from '../testkit/services/redis.js';
import { orSkip } from '../testkit/services/services.js';

/** How long people and machines are left to chance. */
const seconds = Number(process.env.PRESENCE_CHAOS_SECONDS ?? (process.env.npm_lifecycle_event === 'chaos' ? '30' : '12'));
const seed = Number(process.env.PRESENCE_CHAOS_SEED ?? 8);
const isLong = seconds >= 180;
/** Otherwise it ends before the leases of the process that was killed first do. */
const outlivesLeases = seconds >= 30;
const isVerbose = process.env.PRESENCE_CHAOS_LOG === '1';
/** Of each kind one, however short the time is: a process was killed before, and clocks are wrong from the beginning. */
const always: readonly FaultName[] = ['all sockets to a sessions process cut', 'SIGSTOP of a sessions process for 5 s'];
const namesOfPeople = ['ada', 'bob', 'cleo', 'dan', 'eve', 'finn', 'gus', 'hal', 'ivy', 'stay', 'leave', 'watch'];
/** From the end of a lease's life (45 s) to the sweep. */
const ofKilledMs = 46_000;
const leewayMs = 2_000;

/**
 * Whether what a client was told is what a new snapshot says. When somebody online was last seen is the time of telling, which grows without
 * an event. Who was blocked is not followed any more, but stands in a snapshot like somebody offline of whom nothing is known. A change of
 * relation may have been told with a version greater than that of the snapshot.
 */
/** Versions apart: a change of relation raises them without a difference to see, and nobody is told of that. */
function isSame(known: ToldEntry | undefined, fresh: ToldEntry | undefined): boolean {
  if (known === undefined || fresh === undefined) {
    const { availability = 'OFFLINE', lastSeenAt = null } = known ?? fresh ?? {};
    return availability === 'OFFLINE' && lastSeenAt === null;
  }
  return (
    known.availability === fresh.availability &&
    known.statusMessage === fresh.statusMessage &&
    (known.availability !== 'OFFLINE' || known.lastSeenAt === fresh.lastSeenAt)
  );
}

const postgres = orSkip('PostgreSQL', await startPostgres());
const redis = orSkip('redis-server', await startRedis());
await redis?.stop();
afterAll(() => postgres?.stop());

const onServices = postgres === null || redis === null ? describe.skip : describe;
onServices(`Presence on processes that are being broken, seed ${String(seed)}`, () => {
  const world = createWorld();
  const dice = createDice(seed);
  const judge = createJudge(world);
  const began = Date.now();
  const lines: string[] = [];
  let cluster: Cluster;
  let deviceCount = 0;
  let isBroken = false;
  let isHeld = false;

  function log(what: string): void {
    const line = `${((Date.now() - began) / 1_000).toFixed(1)} s: ${what}`;
    lines.push(line);
    if (isVerbose) process.stderr.write(`${line}\n`);
  }

  function origin(): string {
    const up = cluster.gateways.filter((gateway) => gateway.isUp());
    return (dice.oneOf(up) ?? cluster.gateways[0])?.url ?? '';
  }

  async function addDevice(person: Person): Promise<Device> {
    const others = world.people.filter((other) => other !== person).map(({ id }) => id);
    const device = createDevice({
      name: `${person.name}/${String((deviceCount += 1))}`,
      login: await person.account.signInAgain(`device ${String(person.devices.length)}`),
      following: { friends: true, userIds: person.isLeftAlone || dice.isHit(0.5) ? others : [] },
      origin,
      pause: () => dice.between(20, 300),
      onTold(teller, told) {
        judge.onTold(person, teller, told);
      },
      onSurprise: (what) => judge.find(`SURPRISE: ${what}`),
    });
    person.devices.push(device);
    return device;
  }

  const acts = createActs({ world, dice, addDevice, isHeld: () => isHeld, isBroken: () => isBroken, log });

  async function until(condition: () => boolean, what: string, withinMs: number): Promise<void> {
    const deadline = Date.now() + withinMs;
    while (!condition()) {
      if (Date.now() > deadline) {
        judge.find(`${what} did not come within ${String(withinMs)} ms`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  const areAllLive = () =>
    world.people.every(({ devices }) => devices.every((device) => !device.isWanted() || device.liveSince() !== null));

  async function breakIt(name: FaultName): Promise<void> {
    if (name === 'FLUSHALL') {
      // What was on its way through Redis is lost with it, and so is who was about to come back.
      isHeld = true;
      await acts.idle();
      await until(areAllLive, 'everybody', 10_000);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    log(`FAULT ${name}`);
    isBroken = true;
    judge.setBroken(true);
    await faults[name]();
    // Until clients have noticed.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await until(areAllLive, `everybody after ${name}`, 20_000);
    judge.setBroken(false);
    isBroken = false;
    isHeld = false;
    log(`over: ${name}`);
  }

  let faults: ReturnType<typeof createFaults>;
  let lateness: ReturnType<typeof watchLateness>;

  beforeAll(async () => {
    if (postgres === null) return;
    cluster = await startCluster({ postgres, replicas: isLong ? 3 : 2 });
    faults = createFaults({ cluster, dice });
    lateness = watchLateness(
      [...cluster.gateways, ...cluster.sessions].map(({ url }) => url),
      (from) => judge.onLate(from),
    );
    log('started');
    const accounts = await Promise.all(namesOfPeople.map((name) => registerAccount(origin, name)));
    for (const [index, account] of accounts.entries()) {
      const name = namesOfPeople[index] ?? '';
      world.people.push({
        id: account.userId,
        name,
        account,
        devices: [],
        isLeftAlone: ['stay', 'leave', 'watch'].includes(name),
        visibility: { value: 'EVERYONE', isChanging: false, since: 0 },
        isBusy: { value: false, isChanging: false, since: 0 },
        mayLingerUntil: 0,
      });
    }
    for (const [index, person] of world.people.entries()) {
      await addDevice(person);
      if (!person.isLeftAlone && index % 2 === 0) await addDevice(person);
    }
    const pairs = world.people.flatMap((one, at) => world.people.slice(at + 1).map((other) => [one, other] as const));
    await Promise.all(pairs.filter(() => dice.isHit(0.4)).map(([one, other]) => acts.befriend(one, other)));
    log('befriended');
    for (const { devices } of world.people) for (const device of devices) device.connect();
    await until(areAllLive, 'everybody at first', 10_000);
    log('all are there');
  }, 90_000);

  afterAll(async () => {
    judge.stop();
    lateness.stop();
    for (const { devices } of world.people) for (const device of devices) device.cut(false);
    await cluster.stop();
  }, 30_000);

  it(
    'P4 to P8: tells everybody the truth, through kills, stops, cuts, restarts, a flush and clocks that are wrong',
    async () => {
      const person = (name: string): Person => {
        const found = world.people.find((each) => each.name === name);
        if (found === undefined) throw new Error(`nobody is called ${name}`);
        return found;
      };
      const [stay, leave] = [person('stay'), person('leave')];
      await new Promise((resolve) => setTimeout(resolve, 500));

      // Everybody hangs on some process; one of those who hang on the one that dies does not come back.
      const killedAt = Date.now();
      const [leaving] = leave.devices;
      leaving?.cut(false);
      leave.mayLingerUntil = killedAt + ofKilledMs;
      const over = new AbortController();
      const living = (async () => {
        while (!over.signal.aborted) {
          void acts.next().catch((error: unknown) => judge.find(`ACT: ${String(error)}`));
          await new Promise((resolve) => setTimeout(resolve, dice.between(20, 200)));
        }
      })();
      await breakIt('kill -9 of a sessions process');
      const names = (Object.keys(faults) as FaultName[]).filter((name) => !name.includes('65 s'));
      let plan = dice.shuffled(names);
      const end = killedAt + seconds * 1_000;
      for (let round = 0; Date.now() < end || round < always.length; round += 1) {
        const name = always[round] ?? (isLong && round === always.length ? 'SIGSTOP of a sessions process for 65 s' : plan.pop());
        if (name !== undefined) await breakIt(name);
        if (plan.length === 0) plan = dice.shuffled(names);
        await new Promise((resolve) => setTimeout(resolve, dice.between(200, 1_500)));
      }
      over.abort();
      await living;
      await acts.idle();
      await until(areAllLive, 'everybody at last', 10_000);
      const seesLeave = (device: Device) => device.told.entries.get(leave.id)?.availability !== 'OFFLINE';
      const witnesses = ['stay', 'watch'].flatMap((name) => person(name).devices);
      if (outlivesLeases) {
        const withinMs = Math.max(0, killedAt + ofKilledMs + leewayMs - Date.now());
        await until(() => !witnesses.some(seesLeave), 'OFFLINE of who was killed', withinMs);
      }
      // The last fault may have ended the process that reads changes of relations.
      await new Promise((resolve) => setTimeout(resolve, newReaderMs));

      const live = world.people.flatMap(({ devices }) => devices).filter((each) => each.liveSince() !== null);
      await Promise.all(
        live.map(async (device) => {
          const fresh = await readFresh(device, origin());
          const ids = new Set([...fresh.entries.keys(), ...device.told.entries.keys()]);
          for (const id of ids) {
            const [known, now] = [device.told.entries.get(id), fresh.entries.get(id)];
            if (!isSame(known, now)) {
              judge.find(
                `END: ${device.name} knows ${JSON.stringify(known)} of ${String(world.byId(id)?.name)}, which is ${JSON.stringify(now)}`,
              );
            }
          }
        }),
      );
      process.stderr.write(`Presence chaos, seed ${String(seed)}: ${JSON.stringify(judge.counts())}\n`);
      for (const witness of witnesses) {
        const told = judge.departures(leave).filter(({ viewer }) => viewer === witness.name);
        if (told.length !== 1 && outlivesLeases)
          judge.find(`${witness.name} was told OFFLINE of who was killed ${String(told.length)} times`);
      }
      for (const { viewer } of judge.departures(stay)) judge.find(`${viewer} was told OFFLINE of who was always there`);
      if (judge.faults.length > 0)
        process.stderr.write(`${lines.join('\n')}\n${process.env.PRESENCE_CHAOS_LOG === '1' ? cluster.output() : ''}`);
      expect(judge.faults).toEqual([]);
    },
    seconds * 1_000 + 180_000,
  );
});
