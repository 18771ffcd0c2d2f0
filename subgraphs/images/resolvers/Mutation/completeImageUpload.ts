import type { MutationResolvers } from '../../__generated__/resolvers.js';
import { limits, uploadTypes } from '../../services/image.js';
import { maxPixels, type RejectionCode } from '../../services/processing/picture-processing.js';

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

const rejectionMessages: Readonly<Record<RejectionCode, string>> = {
  UNSUPPORTED_TYPE: `The file is none of ${uploadTypes.join(', ')}.`,
  TYPE_MISMATCH: 'The file is of another type than the upload was opened for: open a new one with the contentType of the file.',
  TOO_LARGE: `The file is larger than the upload was opened for; at most ${limits.GALLERY.maxBytes} bytes are allowed.`,
  TOO_MANY_PIXELS: `The image has more than ${maxPixels / 1_000_000} million pixels: make it smaller first.`,
  CORRUPT: 'The file is damaged or incomplete and cannot be read as an image.',
};
