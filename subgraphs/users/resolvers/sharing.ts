import type { SharingRule, SharingRules } from '../../../shared/graphql/sharing/sharing.js';
import type { UsersContext } from '../context.js';

const audience: SharingRule<UsersContext> = ({ id }, { loaders }) => loaders.audience.load(id);

/** A profile for everyone looks the same to all but those between whom and its user there is a block. */
export const sharing: SharingRules<UsersContext> = {
  User: { id: 'everyone', displayName: audience, bio: audience, locale: audience, timeZone: audience },
};
