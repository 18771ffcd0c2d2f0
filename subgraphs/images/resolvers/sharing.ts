import type { SharingRules } from '../../../shared/graphql/sharing.js';
import type { ImagesContext } from '../context.js';

/** Published images and avatars are for everyone. */
export const sharing: SharingRules<ImagesContext> = {
  User: { id: 'everyone', avatar: 'everyone' },
  Image: {
    id: 'everyone',
    url: 'everyone',
    width: 'everyone',
    height: 'everyone',
    contentType: 'everyone',
    size: 'everyone',
    purpose: 'everyone',
    owner: 'everyone',
    createdAt: 'everyone',
  },
};
