import type { Redis } from 'ioredis';
import type { Logger } from '../../logging/logger.js';
import { readGroups } from './redis-group.js';

/**
 * Removes from a stream of more than `maxLength` entries those that all groups have acknowledged. Not by `MAXLEN`, which would also
 * remove what a group that is behind has yet to take. Safe beside readers: a group's oldest open entry only ever moves forward.
 */
export async function trimTaken({
  redis,
  stream,
  maxLength,
  logger,
}: {
  redis: Redis;
  stream: string;
  maxLength: number;
  logger: Logger;
}): Promise<void> {
  if ((await redis.xlen(stream)) <= maxLength) return;
  const groups = await readGroups(redis, stream);
  const needed = await Promise.all(
    groups.map(async ({ name, lastDelivered, pending }) => {
      if (pending === 0) return { name, id: lastDelivered };
      const [, oldestPending] = await redis.xpending(stream, name);
      return { name, id: typeof oldestPending === 'string' ? oldestPending : lastDelivered };
    }),
  );
  const slowest = needed.reduce<{ name: string; id: string } | undefined>(
    (least, each) => (least === undefined || compareIds(each.id, least.id) < 0 ? each : least),
    undefined,
  );
  if (slowest === undefined) return;
  await redis.xtrim(stream, 'MINID', '~', slowest.id);
  const left = await redis.xlen(stream);
  if (left > 10 * maxLength) {
    logger.error({ stream, length: left, group: slowest.name }, 'the stream of events grows, because a group does not take them');
  }
}

/** By time, then by number: `<ms>-<sequence>`. */
function compareIds(left: string, right: string): number {
  const [leftMs = '0', leftNumber = '0'] = left.split('-');
  const [rightMs = '0', rightNumber = '0'] = right.split('-');
  return Number(BigInt(leftMs) - BigInt(rightMs)) || Number(BigInt(leftNumber) - BigInt(rightNumber));
}
