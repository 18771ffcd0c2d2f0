/** Enough to spread the users over a cluster of Redis, and few enough to read all their streams at once. */
export const shardCount = 64;

/**
 * Which shard keeps the user, the same in every process and version of Galaxia: FNV-1a over the UTF-16 units of the id, folded, because
 * its lowest bits alone are not well mixed. `shards` is a power of two.
 */
export function shardOf(userId: string, shards = shardCount): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < userId.length; index += 1) hash = Math.imul(hash ^ userId.charCodeAt(index), 0x01000193);
  return ((hash >>> 24) ^ (hash >>> 16) ^ (hash >>> 8) ^ hash) & (shards - 1);
}

/** Everything of a shard has one hash tag, and therefore one slot of a cluster: a script may touch it all. */
function tagOf(shard: number): string {
  return `{galaxia.presence:${String(shard).padStart(2, '0')}}`;
}

/** What is kept of the user's latest inputs. */
export function inputsKey(userId: string, shard: number): string {
  return `${tagOf(shard)}:inputs:${userId}`;
}

/** The stream of a shard. */
export function changesKey(shard: number): string {
  return `${tagOf(shard)}:changes`;
}

/** The keys that every script is given, in this order: the life of the shard, its users, their deadlines, its stream. */
export function keysOf(shard: number): readonly [meta: string, users: string, due: string, changes: string] {
  const tag = tagOf(shard);
  return [`${tag}:meta`, `${tag}:users`, `${tag}:due`, changesKey(shard)];
}
