import type { Audience } from '../../../shared/graphql/sharing/sharing.js';
import { findBlockAudiences } from '../../../shared/users/block-audience.js';
import type { RelationTable } from '../../../shared/users/relation-table.js';
import type { HiddenProfileRepository } from './hidden-profile-repository.js';

export interface ImageAudience {
  /** Who gets of the pictures of each of `userIds` what an anonymous caller gets, in their order. */
  of(userIds: readonly string[]): Promise<readonly Audience[]>;
}

export function createImageAudience({
  relations,
  hiddenProfiles,
}: {
  readonly relations: Pick<RelationTable, 'blockedWith'>;
  readonly hiddenProfiles: Pick<HiddenProfileRepository, 'among'>;
}): ImageAudience {
  return {
    async of(userIds) {
      const [hidden, audiences] = await Promise.all([hiddenProfiles.among(userIds), findBlockAudiences(relations, userIds)]);
      return userIds.map((id, index) => (hidden.has(id) ? 'asker' : (audiences[index] ?? 'asker')));
    },
  };
}
