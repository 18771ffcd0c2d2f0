import type { PresenceMoment, PresencePosition } from '../presence-store.js';

/** Whether what happened at `position` is in what was read at `moment`. */
export function includes({ offsets }: PresenceMoment, { shard, offset }: PresencePosition): boolean {
  return offset <= (offsets.get(shard) ?? -1);
}

/** Whether all that `earlier` includes is in `later` too. */
export function reaches(later: PresenceMoment, earlier: PresenceMoment): boolean {
  for (const [shard, offset] of earlier.offsets) if (!includes(later, { shard, offset })) return false;
  return true;
}

/** The least moment that reaches both, which are of one epoch. */
export function latest(a: PresenceMoment, b: PresenceMoment): PresenceMoment {
  const offsets = new Map(a.offsets);
  for (const [shard, offset] of b.offsets) offsets.set(shard, Math.max(offset, offsets.get(shard) ?? 0));
  return { epoch: a.epoch, offsets };
}
