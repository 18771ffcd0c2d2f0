import type { Audience } from '../../../presence/presence.js';
import type { RelationKind } from '../../../../../shared/users/relation-table.js';
import type { Relations } from '../relations.js';

/** Whom a viewer looks at, and as what. Of those without an audience nothing may be seen, nor that it is so. */
export interface Sight {
  readonly userIds: readonly string[];
  readonly audiences: ReadonlyMap<string, Audience>;
}

/** Whom a subscription asks to follow. */
export interface Following {
  readonly friends: boolean;
  readonly userIds: ReadonlySet<string>;
  /** Of `userIds`, those whom nobody has, or who had blocked the viewer when last looked: nobody knows which. */
  readonly nobodies: Set<string>;
}

/** Whether a change of the relation to the user may change what the subscription tells. */
export function asksFor({ friends, userIds }: Following, userId: string): boolean {
  return friends || userIds.has(userId);
}

/** As what somebody else is followed who stands like this to the viewer; undefined = not at all. */
export function audienceFor(following: Following, userId: string, relation: RelationKind | undefined): Audience | undefined {
  if (relation === 'BLOCKED') return undefined;
  if (relation === 'FRIEND') return asksFor(following, userId) ? 'FRIEND' : undefined;
  return following.userIds.has(userId) ? 'STRANGER' : undefined;
}

/** How the viewer (null = anonymous) looks at the users, in the given order. */
export async function sightOf(relations: Relations, viewerId: string | null, userIds: readonly string[]): Promise<Sight> {
  const known = viewerId === null || userIds.length === 0 ? new Map<string, RelationKind>() : await relations.among(viewerId, userIds);
  const audiences = new Map<string, Audience>();
  for (const userId of userIds) {
    if (userId === viewerId) audiences.set(userId, 'OWN');
    else if (known.get(userId) !== 'BLOCKED') audiences.set(userId, known.get(userId) === 'FRIEND' ? 'FRIEND' : 'STRANGER');
  }
  return { userIds, audiences };
}

/** How the viewer looks at everyone whom the subscription follows now. */
export async function sightOfFollowing(relations: Relations, viewerId: string, { friends, userIds, nobodies }: Following): Promise<Sight> {
  const ids = [...userIds].filter((id) => !nobodies.has(id));
  const [friendIds, named] = await Promise.all([
    friends ? relations.friendsOf(viewerId) : new Set<string>(),
    sightOf(relations, viewerId, ids),
  ]);
  const others = [...friendIds].filter((id) => !userIds.has(id) || nobodies.has(id));
  return {
    userIds: [...ids, ...others],
    audiences: new Map([...named.audiences, ...others.map((id) => [id, 'FRIEND'] as const)]),
  };
}
