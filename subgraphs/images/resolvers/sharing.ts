import type { SharingRule, SharingRules } from '../../../shared/graphql/sharing/sharing.js';
import type { ImagesContext } from '../context.js';
import type { Image } from '../services/image.js';

const ofUser: SharingRule<ImagesContext> = ({ id }, { loaders }) => loaders.audience.load(id);
const ofImage: SharingRule<ImagesContext> = (image, { loaders }) => loaders.audience.load((image as Image).ownerId);

/** Pictures of a profile for everyone look the same to all but those between whom and its user there is a block. */
export const sharing: SharingRules<ImagesContext> = {
  User: { id: 'everyone', avatar: ofUser },
  Image: {
    id: ofImage,
    url: ofImage,
    width: ofImage,
    height: ofImage,
    contentType: ofImage,
    size: ofImage,
    purpose: ofImage,
    owner: ofImage,
    createdAt: ofImage,
    variants: ofImage,
    placeholder: ofImage,
    dominantColor: ofImage,
  },
  ImageVariant: { name: 'everyone', url: 'everyone', width: 'everyone', height: 'everyone' },
};
