import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, describe, expect, it } from '@jest/globals';
import { startRedis } from '../../../../tests/testkit/services/redis.js';
import { orSkip } from '../../../../tests/testkit/services/services.js';
import { defaultSettings } from '../../presence/presence.js';
import { keysOf, shardCount, shardOf } from './presence-keys.js';
import { startPresenceNodes, type PresenceNode } from './presence-nodes.conformance.js';
import { until } from '../../../../tests/testkit/until.js';

const server = orSkip('redis-server', await startRedis());
afterAll(() => server?.stop());

const shards = Array.from({ length: shardCount }, (_, shard) => shard);

/** The slot of a key in a cluster of Redis: CRC16 (XModem) of what stands between the first braces, else of all. */
function slotOf(key: string): number {
  const tag = /\{([^}]+)\}/.exec(key)?.[1] ?? key;
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000) === 0 ? (crc << 1) & 0xffff : ((crc << 1) ^ 0x1021) & 0xffff;
  }
  return crc % 16_384;
}

describe('The shards of presence', () => {
  it('take users evenly, the same ones for ever', () => {
    expect(['ada', '__proto__', '0193e5a0-0000-7000-8000-000000000000', ''].map((id) => shardOf(id))).toEqual([55, 34, 25, 5]);
    const counts = new Map<number, number>();
    for (let index = 0; index < 64_000; index += 1) {
      const shard = shardOf(`0193e5a0-${index.toString(16).padStart(4, '0')}-7000-8000-${(index * 7_919).toString(16).padStart(12, '0')}`);
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual(shards);
    expect(Math.min(...counts.values())).toBeGreaterThan(850);
    expect(Math.max(...counts.values())).toBeLessThan(1_150);
  });

  it('have all their keys in one slot each, and spread over the slots', () => {
    // From the specification of Redis Cluster.
    expect(slotOf('123456789')).toBe(0x31c3);
    expect(slotOf('{user1000}.following')).toBe(slotOf('{user1000}.followers'));
    const slots = shards.map((shard) => new Set(keysOf(shard).map(slotOf)));
    expect(slots.every(({ size }) => size === 1)).toBe(true);
    expect(new Set(slots.flatMap((each) => [...each])).size).toBe(shardCount);
  });
});

if (server !== null) {
  /** The keys of a command inside a script. */
  function keysInside([name = '', ...args]: readonly string[]): readonly string[] {
    if (['time', 'ping'].includes(name.toLowerCase())) return [];
    if (name.toLowerCase() === 'del') return args;
    return args.slice(0, 1);
  }

  describe('On a cluster of Redis', () => {
    it('every script would run: it touches the keys that it declares, and those have one slot', async () => {
      const monitor = connect(server.port, '127.0.0.1');
      await once(monitor, 'connect');
      let printed = '';
      monitor.setEncoding('utf8').on('data', (text: string) => (printed += text));
      monitor.write('MONITOR\r\n');
      await until(() => printed.startsWith('+OK'));
      const { nodes, redis, advance, jump, close } = await startPresenceNodes(server.url, 2);
      const [{ store }] = nodes as [PresenceNode];
      const ada = { userId: 'ada', sessionId: 'phone' };
      await store.connect({ ...ada, connectionId: 'a' }, defaultSettings);
      await store.connect({ ...ada, connectionId: 'b' }, defaultSettings);
      await store.renew([
        { ...ada, connectionId: 'a' },
        { userId: 'bob', sessionId: 'phone', connectionId: 'a' },
      ]);
      await store.update(ada, { settings: { ...defaultSettings, revision: 1 }, isAway: true, activity: null });
      for (let count = 0; count < 2; count += 1) await store.takeInput(ada, { session: {}, user: { status: '"hi"' } }, 1);
      await store.leave({ ...ada, connectionId: 'a' }, 3_000);
      await store.endSession(ada);
      await store.connect({ ...ada, connectionId: 'c' }, defaultSettings);
      await store.renewVersions(['ada', 'bob']);
      await store.announce({ kind: 'UserDeleted', userId: 'ada' });
      await store.readChanges(new Map([['ada', 'OWN']]), (await store.read(['ada', 'bob'])).moment);
      await store.leave({ ...ada, connectionId: 'c' }, 3_000);
      jump(3_000);
      await store.read(['ada']);
      // Long enough for changes to be forgotten, then for users.
      jump(130_000);
      await advance(22_000);
      jump(31 * 24 * 3_600_000);
      await advance(22_000);
      await redis.del(keysOf(shardOf('ada'))[0]);
      await advance(1_000);
      await redis.echo('the end');
      await until(() => printed.includes('"the end"'));
      await close();
      monitor.destroy();

      let declared: readonly string[] = [];
      let scripts = 0;
      const commands = new Set<string>();
      const wrong = new Set<string>();
      for (const line of printed.split('\r\n')) {
        const args = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, argument = '']) => argument);
        const name = args[0]?.toLowerCase() ?? '';
        if (line.includes(' lua] ')) {
          commands.add(name);
          for (const key of keysInside(args)) if (!declared.includes(key)) wrong.add(`${name} ${key}`);
        } else if (name === 'eval' || name === 'evalsha') {
          scripts += 1;
          declared = args.slice(3, 3 + Number(args[2]));
          if (new Set(declared.map(slotOf)).size !== 1) wrong.add(declared.join(' '));
        }
      }
      expect([...wrong]).toEqual([]);
      expect(scripts).toBeGreaterThan(1_000);
      // Everything that a script can do was seen.
      expect([...commands].sort()).toEqual(
        [
          'del',
          'get',
          'hdel',
          'hget',
          'hmget',
          'hset',
          'set',
          'time',
          'xadd',
          'xrange',
          'xtrim',
          'zadd',
          'zrangebyscore',
          'zrem',
          'zscore',
        ].sort(),
      );
    });
  });
}
