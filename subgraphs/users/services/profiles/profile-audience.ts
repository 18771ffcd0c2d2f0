import { maximumExceptions, type Audience } from '../../../../shared/graphql/sharing/sharing.js';
import type { BlockRepository } from '../../data/block-repository.js';
import type { ProfileRepository } from '../../data/profile-repository.js';
import { parseUserId } from '../user-id.js';

export interface ProfileAudience {
  /**
   * Who gets of the profile of each of `userIds` what an anonymous caller gets, in their order: for a profile for everyone all but those
   * between whom and its user there is a block (SECURITY 46), for any other nobody.
   */
  of(userIds: readonly string[]): Promise<readonly Audience[]>;
}

export interface ProfileAudienceOptions {
  readonly profiles: Pick<ProfileRepository, 'findByUserIds'>;
  readonly blocks: BlockRepository;
}

export function createProfileAudience({ profiles, blocks }: ProfileAudienceOptions): ProfileAudience {
  return {
    async of(userIds) {
      const ids = userIds.map((id) => parseUserId(id));
      const uuids = [...new Set(ids.filter((id) => id !== null))];
      // One more than can be told, so that too many are seen to be too many.
      const [stored, otherSides] = await Promise.all([profiles.findByUserIds(uuids), blocks.findOtherSides(uuids, maximumExceptions + 1)]);
      const hidden = new Set(stored.filter(({ visibility }) => visibility !== 'EVERYONE').map(({ userId }) => userId));
      return ids.map((id) => {
        if (id === null) return 'everyone';
        if (hidden.has(id)) return 'asker';
        const others = otherSides.get(id);
        return others === undefined ? 'everyone' : { everyoneBut: others };
      });
    },
  };
}
