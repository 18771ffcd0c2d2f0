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

  it('knows that nobody is told of anybody while a relation that is announced again and again is being read', async () => {
    const { world, processOf, deviceOf } = await begin();
    await world.time.pass(8_000);
    world.setLatency(processOf(1), [200, 200]);
    world.open(deviceOf(1), processOf(1), true);
    world.relate('ada', 'dan', 'FRIEND', [300, 300, 600, 900, 1_200, 1_500, 1_800, 2_100, 2_400]);
    await world.time.pass(900);
    await world.judge.look();
    expect([world.judge.faults, deviceOf(1).sockets, deviceOf(1).told.entries.size]).toEqual([[], 1, 0]);
    await world.end();
    expect(deviceOf(1).told.entries.get('ada')?.availability).toBe('ONLINE');
  });

  it('knows that a process that shuts down closes the sockets that were being opened on it', async () => {
    const { world, processOf, deviceOf } = await begin();
    world.setLatency(processOf(1), [200, 200]);
    world.open(deviceOf(0), processOf(1), false);
    await world.time.pass(10);
    // What the process still does before it ends.
    world.update(deviceOf(4), processOf(1), { statusMessage: null });
    await world.time.pass(400);
    await world.shutDown(1);
    await world.time.pass(1_000);
    expect([deviceOf(0).sockets, deviceOf(0).socket]).toEqual([1, undefined]);
    await world.end();
  });

  it('knows that a client has missed what was told after it came back to a process that was shutting down', async () => {
    const { world, processOf, deviceOf } = await begin();
    const late = deviceOf(3);
    world.open(late, processOf(0), true);
    await world.time.pass(500);
    world.relate('ada', 'bob', 'BLOCKED', [0]);
    await world.time.pass(500);
    world.setLatency(processOf(1), [200, 20]);
    world.endSession(late);
    world.open(late, processOf(1), true);
    await world.time.pass(10);
    world.update(deviceOf(1), processOf(1), { availability: 'ONLINE' });
    world.relate('ada', 'bob', 'FRIEND', [700]);
    await world.time.pass(220);
    await world.shutDown(1);
    await world.time.pass(1_000);
    expect([late.sockets, late.socket, late.told.entries.has('ada')]).toEqual([2, undefined, false]);
    await world.end();
  });

  it('knows that a lease begins before its socket has opened', async () => {
    const { world, processOf, deviceOf } = await begin();
    const [slow, other] = [deviceOf(4), deviceOf(1)];
    world.open(slow, processOf(1), false);
    world.open(other, processOf(1), false);
    await world.time.pass(500);
    world.relate('cyd', 'eve', 'FRIEND', [0]);
    await world.time.pass(500);
    world.leave(slow, 1006);
    world.setLatency(processOf(0), [200, 200]);
    // Four times to Redis and back: who was befriended meanwhile is read anew.
    world.open(slow, processOf(0), true);
    await world.time.pass(1_600);
    expect([slow.sockets, slow.opening]).toEqual([2, undefined]);
    world.cut(processOf(0), true);
    await world.time.pass(46_000);
    expect([world.judge.faults, other.told.entries.get('cyd')?.availability]).toEqual([[], 'OFFLINE']);
    world.leave(slow, 1006);
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
