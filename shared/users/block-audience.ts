import { maximumExceptions, type Audience } from '../graphql/sharing/sharing.js';
import type { RelationTable } from './relation-table.js';

/**
 * Who gets of each of `userIds` what an anonymous caller gets, in their order: all but those between whom and that user there is a block
 * (SECURITY 46). Some of them would see the same, and are then asked about for themselves, which costs a fetch and tells nothing.
 */
export async function findBlockAudiences(
  relations: Pick<RelationTable, 'blockedWith'>,
  userIds: readonly string[],
): Promise<readonly Audience[]> {
  // One more than can be told, so that too many are seen to be too many.
  const others = await relations.blockedWith(userIds, maximumExceptions + 1);
  return userIds.map((id) => {
    const everyoneBut = others.get(id);
    return everyoneBut === undefined ? 'everyone' : { everyoneBut };
  });
}
