import { describe, expect, it } from '@jest/globals';
import type { Device } from './device.js';
import type { Process } from './process.js';
import { createWorld, type World } from './world.js';

/** Three processes, and devices two by two: those of ada, bob, cyd, … */
async function begin(): Promise<{
  readonly world: World;
  readonly processOf: (at: number) => Process;
  readonly deviceOf: (at: number) => Device;
}> {
  const world = createWorld({ processCount: 3, random: () => 0.5 });
  await world.time.pass(1_000);
  return {
    world,
    processOf: (at) => world.findProcess(at) ?? never(),
    deviceOf: (at) => world.devices[at] ?? never(),
  };
}

function never(): never {
  throw new Error('There is no such thing in this world');
}

describe('The judge of the model', () => {
  it('knows that a client may take a snapshot after what it says is over', async () => {
    const { world, processOf, deviceOf } = await begin();
    const [late, other] = [deviceOf(5), deviceOf(0)];
    await world.stall(late, true);
    world.open(late, processOf(2), false);
    await world.time.pass(500);
    world.open(other, processOf(1), true);
    await world.time.pass(4_500);
    await world.stall(late, false);
    await world.time.pass(1_000);
    expect([world.judge.faults, late.told.entries.get('ada')?.availability]).toEqual([[], 'ONLINE']);
    await world.end();
  });

  it('knows that a client may take a change after what it says has been replaced', async () => {
    const { world, processOf, deviceOf } = await begin();
    const [late, other] = [deviceOf(5), deviceOf(1)];
    world.open(other, processOf(2), true);
    await world.stall(late, true);
    world.open(late, processOf(2), false);
    await world.time.pass(500);
    world.update(other, processOf(2), { availability: 'BUSY' });
    await world.time.pass(6_000);
    await world.stall(late, false);
    await world.time.pass(1_000);
    expect([world.judge.faults, late.told.entries.get('ada')?.availability]).toEqual([[], 'BUSY']);
    await world.end();
  });

  it('does not know which came first, the socket that a session opened or its going offline on another process', async () => {
    const { world, processOf, deviceOf } = await begin();
    world.setLatency(processOf(0), [20, 20]);
    world.setLatency(processOf(1), [0, 200]);
    world.goOffline(deviceOf(2), processOf(0));
    world.open(deviceOf(2), processOf(1), true);
    await world.time.pass(400);
    await world.end();
    expect(world.judge.faults).toEqual([]);
  });

  it('knows that nothing can be read anew without a database', async () => {
    const { world, processOf, deviceOf } = await begin();
    world.open(deviceOf(1), processOf(0), true);
    world.open(deviceOf(9), processOf(1), true);
    await world.time.pass(1_000);
    world.stopRedis();
    world.relate('ada', 'eve', 'BLOCKED', [30]);
    world.startRedis('most');
    await world.time.pass(900);
    world.setDatabaseDown(true);
    await world.time.pass(11_000);
    await world.judge.look();
    expect([world.judge.faults, deviceOf(1).told.entries.get('eve')?.availability]).toEqual([[], 'ONLINE']);
    world.setDatabaseDown(false);
    await world.time.pass(10_000);
    await world.judge.look();
    expect([world.judge.faults, deviceOf(1).told.entries.get('eve')?.availability]).toEqual([[], 'OFFLINE']);
    await world.end();
  });

  it('notices that somebody is offline whose socket is open', async () => {
    const { world, processOf, deviceOf } = await begin();
    world.open(deviceOf(2), processOf(1), true);
    world.open(deviceOf(1), processOf(0), true);
    await world.time.pass(10_000);
    await processOf(0).store.endSession({ userId: 'bob', sessionId: deviceOf(2).sessionId });
    await world.time.pass(10_000);
    expect(world.judge.faults).not.toEqual([]);
    await expect(world.end()).rejects.toThrow('OFFLINE');
  });
});
