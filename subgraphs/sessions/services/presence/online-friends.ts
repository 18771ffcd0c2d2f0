import { viewPresence, type PresenceView } from '../../presence/presence-view.js';
import type { PresenceReader } from './presence-reader.js';
import type { Relations } from './relations.js';

/** How many friends are looked up at once, to find those who are online. */
const batchSize = 500;

/**
 * The first `limit` friends after the id `after` (null = from the beginning) who are online and let the viewer see it, in the order of their
 * ids.
 */
export async function findOnlineFriends(
  { relations, reader, now }: { readonly relations: Relations; readonly reader: PresenceReader; readonly now: () => number },
  viewerId: string,
  { limit, after }: { readonly limit: number; readonly after: string | null },
): Promise<readonly PresenceView[]> {
  const friends = [...(await relations.friendsOf(viewerId))].filter((userId) => after === null || userId > after).sort();
  const online: PresenceView[] = [];
  for (let first = 0; first < friends.length && online.length < limit; first += batchSize) {
    const userIds = friends.slice(first, first + batchSize);
    const { states } = await reader.read({ userIds, audiences: new Map(userIds.map((userId) => [userId, 'FRIEND'])) });
    const views = states.map((state) => viewPresence(state, 'FRIEND', now()));
    online.push(...views.filter(({ availability }) => availability !== 'OFFLINE'));
  }
  return online.slice(0, limit);
}
