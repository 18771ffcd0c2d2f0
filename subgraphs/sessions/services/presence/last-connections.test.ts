import { describe, expect, it } from '@jest/globals';
import { createOneService } from './tests/one-service.js';
import { createCluster, person, settle } from './tests/presence-harness.js';
import { recordIntervalMs } from './last-connections.js';

const ada = person('ada');

describe('The last connection', () => {
  it('P12: is written by one process when somebody goes, though every process hears of it', async () => {
    const { connect, settings, nodes, pass } = createCluster();
    const client = await connect(ada, { userIds: ['bob'] }, undefined, nodes[1]);
    await pass(1_000);
    expect(settings.written).toMatchObject([{ userId: 'ada', isOver: false }]);
    await client.leave(1000);
    await pass(10_000, 1_000);
    expect(settings.written.slice(1)).toMatchObject([{ userId: 'ada', isOver: true }]);
  });

  it('P12: is written every 5 min by the process that holds the connection, and by no other', async () => {
    const { connect, settings, nodes, pass, scheduler } = createCluster();
    const start = scheduler.now();
    await pass(60_000);
    await connect(ada, { userIds: ['bob'] }, undefined, nodes[1]);
    await pass(1_000);
    settings.written.length = 0;
    await pass(2 * recordIntervalMs, 15_000);
    expect(settings.written).toEqual([
      { userId: 'ada', at: start + recordIntervalMs, isOver: false },
      { userId: 'ada', at: start + 2 * recordIntervalMs, isOver: false },
    ]);
  });

  it('P12: is written once in 5 min for heartbeats', async () => {
    const { nodes, settings, pass } = createCluster();
    for (let time = 0; time < recordIntervalMs; time += 15_000) {
      await nodes[0].heartbeat(ada);
      await pass(15_000);
    }
    expect(settings.written).toHaveLength(1);
    await nodes[0].heartbeat(ada);
    await pass(1_000);
    expect(settings.written).toHaveLength(2);
  });

  it('P12: is written of somebody invisible too', async () => {
    const { connect, settings, nodes, pass } = createCluster();
    await nodes[0].update(ada, { visibility: 'NOBODY' });
    const client = await connect(ada, { userIds: ['bob'] });
    await pass(1_000);
    await client.leave(1000);
    await pass(10_000, 1_000);
    expect(settings.written.map(({ isOver }) => isOver)).toEqual([false, true]);
  });

  it('P12: tells when the connection was last alive, not when it was missed', async () => {
    const { connect, settings, pass, scheduler } = createCluster();
    const client = await connect(ada, { userIds: ['bob'] });
    await pass(10_000);
    const left = scheduler.now();
    await client.leave(1006);
    await pass(20_000, 1_000);
    expect(settings.written.at(-1)).toEqual({ userId: 'ada', at: left, isOver: true });
  });

  it('is written together, in one go, for many who come at the same time', async () => {
    const { nodes, settings, pass } = createCluster();
    let writes = 0;
    const { recordConnections } = settings;
    settings.recordConnections = (times) => {
      writes += 1;
      return recordConnections(times);
    };
    await Promise.all(Array.from({ length: 50 }, (_, index) => nodes[0].heartbeat(person(`user ${index}`))));
    await pass(1_000);
    await settle();
    expect([writes, settings.written.length]).toEqual([1, 50]);
  });

  it('is written with the next ones when the database could not be reached', async () => {
    const { nodes, settings, pass } = createCluster();
    const { recordConnections } = settings;
    settings.recordConnections = () => Promise.reject(new Error('down'));
    await nodes[0].heartbeat(ada);
    await pass(1_000);
    settings.recordConnections = recordConnections;
    await nodes[0].heartbeat(person('bob'));
    await pass(1_000);
    expect(settings.written.map(({ userId }) => userId).sort()).toEqual(['ada', 'bob']);
  });

  it('is written soon after coming and going, and every 5 min in between', async () => {
    const { watch, settings, scheduler } = createOneService();
    const written = () => settings.rows.get('ada')?.lastConnectionAt;
    const start = scheduler.now();
    const { leave } = await watch(ada, ['bob']);
    scheduler.advance(1_000);
    await settle();
    expect(written()).toBe(start);
    for (let time = 0; time < 5 * 60_000; time += 15_000) {
      scheduler.advance(15_000);
      await settle();
    }
    expect(written()).toBe(start + 5 * 60_000);
    const left = scheduler.now();
    await leave(1000);
    scheduler.advance(4_000);
    await settle();
    expect(written()).toBe(left);
  });

  it('is written for everyone online when the process stops', async () => {
    const { watch, presence, settings, scheduler } = createOneService();
    await watch(ada, ['bob']);
    scheduler.advance(10_000);
    await presence.close();
    expect(settings.rows.get('ada')?.lastConnectionAt).toBe(scheduler.now());
  });
});
