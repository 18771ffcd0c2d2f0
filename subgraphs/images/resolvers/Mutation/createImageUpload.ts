import { toInvalidInputError } from '../../../../shared/errors/invalid-input.js';
import type { MutationResolvers } from '../../__generated__/resolvers.js';

export const createImageUpload: NonNullable<MutationResolvers['createImageUpload']> = async (
  _parent,
  { input },
  { viewer, openUpload },
) => {
  const { contentType, size, purpose, idempotencyKey } = input;
  const result = await openUpload(viewer, { contentType, size, purpose: purpose ?? 'GALLERY', idempotencyKey: idempotencyKey ?? null });
  switch (result.kind) {
    case 'Opened': {
      const { upload, request } = result;
      return {
        __typename: 'ImageUpload',
        id: upload.id,
        url: request.url,
        method: request.method,
        headers: [...request.headers],
        expiresAt: upload.expiresAt,
      };
    }
    case 'QuotaExceeded':
      return { __typename: 'QuotaExceededError', code: 'QUOTA_EXCEEDED', message: result.message, usage: result.usage };
    case 'InvalidInput':
      return toInvalidInputError(result);
  }
};
