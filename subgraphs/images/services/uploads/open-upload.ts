import type { Viewer } from '../../../../shared/auth/viewer.js';
import type { InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { ObjectStore, PresignedUpload } from '../../../../shared/objects/object-store.js';
import type { QuotaExceeded, ReserveUpload, UploadRequest } from './reserve-upload.js';
import type { UploadSigner } from './upload-signature.js';
import { uploadKey, type Upload } from './upload.js';

export type OpenUploadResult =
  { readonly kind: 'Opened'; readonly upload: Upload; readonly request: PresignedUpload } | QuotaExceeded | InvalidInput;

export interface OpenUploadDependencies {
  readonly reserveUpload: ReserveUpload;
  readonly objects: Pick<ObjectStore, 'presignUpload'>;
  readonly signer: UploadSigner;
  readonly now?: () => number;
}

export type OpenUpload = (viewer: Viewer | null, input: UploadRequest) => Promise<OpenUploadResult>;

/** Opens uploads: the promise of a file of exact type and size, and the request that sends it. */
export function createOpenUpload({ reserveUpload, objects, signer, now = Date.now }: OpenUploadDependencies): OpenUpload {
  async function presign(upload: Upload): Promise<PresignedUpload> {
    const { contentType, size, expiresAt } = upload;
    const ours: PresignedUpload = { url: signer.sign(upload), method: 'PUT', headers: [{ name: 'Content-Type', value: contentType }] };
    // Nobody would ever ask for what a request stores after that, and it would be removed too late or never. Ours refuses it.
    if (upload.state.kind !== 'Open') return ours;
    const expiresInSeconds = Math.max(1, Math.floor((expiresAt.getTime() - now()) / 1000));
    return (await objects.presignUpload(uploadKey(upload), { contentType, size, expiresInSeconds })) ?? ours;
  }

  return async (viewer, input) => {
    const reserved = await reserveUpload(viewer, input);
    if (reserved.kind !== 'Reserved') return reserved;
    const { upload } = reserved;
    return { kind: 'Opened', upload, request: await presign(upload) };
  };
}
