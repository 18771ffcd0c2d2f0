import { createHmac, hkdfSync } from 'node:crypto';
import type { ImagePurpose } from '../image.js';
import { pipelineVersion } from '../processing/picture-processing.js';

/** How a file is to be made into a picture, as far as it decides what comes out. */
export interface PictureRecipe {
  readonly purpose: ImagePurpose;
  readonly declaredType: string;
}

export interface PictureDigest {
  update(chunk: Uint8Array): void;
  /** Of the recipe and of all bytes: the same for the same picture. */
  end(): string;
}

/** Digests are keyed: who sees one in the database still cannot tell whether it is that of a file they have. `signingKey` is 32 random bytes. */
export function createPictureDigests(signingKey: Uint8Array): (recipe: PictureRecipe) => PictureDigest {
  const key = Buffer.from(hkdfSync('sha256', signingKey, '', 'picture digests', 32));
  return ({ purpose, declaredType }) => {
    const hmac = createHmac('sha256', key).update(JSON.stringify([pipelineVersion, purpose, declaredType]));
    return {
      update(chunk) {
        hmac.update(chunk);
      },
      end: () => hmac.digest('base64url'),
    };
  };
}
