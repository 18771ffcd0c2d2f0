import { signedIn } from '../actors.js';
import { publishImage, sendImage } from '../../testkit/product/publish-image.js';
import type { RootTable } from '../table.js';

export const mutationsOfImages: RootTable = {
  'Mutation.createImageUpload': {
    owner: 'the caller',
    given: () => ({ input: { contentType: 'image/png', size: 100, purpose: 'GALLERY' } }),
    gets: signedIn('ImageUpload'),
  },
  'Mutation.completeImageUpload': {
    owner: 'new',
    given: async ({ stage, owner }) => ({ input: { id: await sendImage(stage, owner, 'AVATAR') } }),
    gets: signedIn('UploadNotFoundError', { owner: 'ImagePayload' }),
  },
  'Mutation.setAvatar': {
    owner: 'new',
    given: async ({ stage, owner }) => ({ input: { imageId: (await publishImage(stage, owner, 'AVATAR')).id } }),
    gets: signedIn('ImageNotFoundError', { owner: 'SetAvatarPayload' }),
  },
  'Mutation.removeAvatar': { owner: 'the caller', gets: signedIn('RemoveAvatarPayload') },
  'Mutation.deleteImage': {
    owner: 'new',
    given: async ({ stage, owner }) => ({ input: { id: (await publishImage(stage, owner, 'GALLERY')).id } }),
    gets: signedIn('ImageNotFoundError', { owner: 'DeleteImagePayload', moderator: 'DeleteImagePayload', admin: 'DeleteImagePayload' }),
  },
};
