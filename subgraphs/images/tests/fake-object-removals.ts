import type { ObjectRemovalRepository } from '../services/pictures/object-removals.js';

/** Keys down for removal in memory, with the time of each. */
export function fakeObjectRemovals(): ObjectRemovalRepository & { readonly down: ReadonlyMap<string, number> } {
  const down = new Map<string, number>();
  return {
    down,
    add({ keys, dueAt }) {
      const isFree = !keys.some((key) => down.has(key));
      if (isFree) for (const key of keys) down.set(key, dueAt.getTime());
      return Promise.resolve(isFree);
    },
    claim({ now, until, limit }) {
      const keys = [...down].filter(([, dueAt]) => dueAt <= now.getTime()).map(([key]) => key);
      for (const key of keys.slice(0, limit)) down.set(key, until.getTime());
      return Promise.resolve({ keys: keys.slice(0, limit), dueAt: until });
    },
    forget({ keys, dueAt }) {
      for (const key of keys) if (down.get(key) === dueAt.getTime()) down.delete(key);
      return Promise.resolve();
    },
  };
}
