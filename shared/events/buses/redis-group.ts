import type { Redis } from 'ioredis';
import { z } from 'zod';
import { domainEventShape } from '../domain-event-shape.js';
import type { DomainEvent } from '../event-bus.js';

export interface Entry {
  /** Of the stream entry; not the event's own. */
  readonly id: string;
  /** Undefined for what is none. */
  readonly event: DomainEvent | undefined;
}

const leaseScript = `
  local holder = redis.call('GET', KEYS[1])
  if holder and holder ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1`;

const releaseScript = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
  return 0`;

/** Reading and the lease in one step: a member that lost it while it was paused cannot take an entry away from its successor. */
const takeScript = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lease lost' end
  return redis.call('XREADGROUP', 'GROUP', ARGV[2], ARGV[1], 'COUNT', ARGV[3], 'STREAMS', KEYS[2], '>')`;

export interface RedisGroupOptions {
  readonly commands: Redis;
  readonly blocking: Redis;
  readonly stream: string;
  readonly group: string;
  readonly member: string;
}

/** What one member does with its consumer group, in Redis commands. */
export function createRedisGroup({ commands, blocking, stream, group, member }: RedisGroupOptions) {
  const leaseKey = `${stream}.reader.${group}`;
  return {
    async ensure(): Promise<void> {
      try {
        // From 0: what was published before the group's first start is meant for it as well.
        await commands.xgroup('CREATE', stream, group, '0', 'MKSTREAM');
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('BUSYGROUP'))) throw error;
      }
    },
    /** Takes or renews the right to read for the group. */
    async lease(leaseMs: number): Promise<boolean> {
      return (await commands.eval(leaseScript, 1, leaseKey, member, leaseMs)) === 1;
    },
    async release(): Promise<void> {
      await commands.eval(releaseScript, 1, leaseKey, member);
      await commands.xgroup('DELCONSUMER', stream, group, member);
    },
    /** Everything delivered to any member and not acknowledged, the oldest first. The lease says that those members are gone. */
    async claimPending(): Promise<Entry[]> {
      const entries: Entry[] = [];
      for (let cursor = '0-0'; ;) {
        const [next, claimed] = claimReply.parse(await commands.xautoclaim(stream, group, member, 0, cursor, 'COUNT', 100));
        entries.push(...toEntries(claimed));
        if (next === '0-0') break;
        cursor = next;
      }
      return entries;
    },
    async take(count: number): Promise<Entry[] | 'lease lost'> {
      const reply = await commands.eval(takeScript, 2, leaseKey, stream, member, group, count);
      if (reply === 'lease lost') return reply;
      return toEntries(readReply.parse(reply)?.[0]?.[1] ?? []);
    },
    async acknowledge(id: string): Promise<void> {
      await commands.xack(stream, group, id);
    },
    async lastDelivered(): Promise<string> {
      const groups = await readGroups(commands, stream);
      return groups.find(({ name }) => name === group)?.lastDelivered ?? '0-0';
    },
    /** Resolves when the stream has an entry after `id`, or after `blockMs`. */
    async untilNewer(id: string, blockMs: number): Promise<void> {
      await blocking.xread('COUNT', 1, 'BLOCK', blockMs, 'STREAMS', stream, id);
    },
  };
}

const rawEntry = z.tuple([z.string(), z.array(z.string())]);
const claimReply = z.tuple([z.string(), z.array(rawEntry)]).rest(z.unknown());
const readReply = z.array(z.tuple([z.string(), z.array(rawEntry)])).nullable();
const groupsReply = z.array(z.array(z.union([z.string(), z.number(), z.null()])));

function toEntries(raw: readonly z.output<typeof rawEntry>[]): Entry[] {
  return raw.map(([id, fields]) => ({ id, event: toEvent(fields[fields.indexOf('event') + 1]) }));
}

function toEvent(json: string | undefined): DomainEvent | undefined {
  try {
    return domainEventShape.safeParse(JSON.parse(json ?? '')).data;
  } catch {
    return undefined;
  }
}

export interface GroupState {
  readonly name: string;
  readonly lastDelivered: string;
  readonly pending: number;
  /** Entries that were not delivered to anybody yet; undefined when Redis does not know. */
  readonly lag: number | undefined;
}

/** All consumer groups of the stream, which must exist. */
export async function readGroups(redis: Redis, stream: string): Promise<GroupState[]> {
  return groupsReply.parse(await redis.xinfo('GROUPS', stream)).map((fields) => {
    const field = (name: string): string => String(fields[fields.indexOf(name) + 1]);
    const lag = Number(field('lag'));
    return {
      name: field('name'),
      lastDelivered: field('last-delivered-id'),
      pending: Number(field('pending')),
      lag: Number.isInteger(lag) ? lag : undefined,
    };
  });
}
