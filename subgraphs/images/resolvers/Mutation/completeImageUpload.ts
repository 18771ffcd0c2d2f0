import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { rejectionMessages } from '../../services/uploads/rejection-messages.js';

export const completeImageUpload: NonNullable<MutationResolvers['completeImageUpload']> = async (
  _parent,
  { input },
  { viewer, completeUpload },
) => {
  const result = await completeUpload(viewer, input.id);
  switch (result.kind) {
    case 'Published':
      return { __typename: 'ImagePayload', image: result.image };
    case 'NotFound':
      return {
        __typename: 'UploadNotFoundError',
        code: 'UPLOAD_NOT_FOUND',
        message: 'You have no open upload of this id: open a new one with createImageUpload.',
      };
    case 'Incomplete':
      return {
        __typename: 'UploadIncompleteError',
        code: 'UPLOAD_INCOMPLETE',
        message: `The ${result.expected} bytes of the file have not arrived: send them to the url of the upload, then call again.`,
      };
    case 'Rejected':
      return { __typename: 'ImageRejectedError', code: result.code, message: rejectionMessages[result.code] };
  }
};
