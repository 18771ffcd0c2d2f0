import { randomBytes } from 'node:crypto';
import { v7 as uuidV7 } from 'uuid';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { AppError, unauthenticated } from '../../../../shared/errors/app-error.js';
import { invalidInput, type FieldProblem, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import type { ObjectStore, PresignedUpload } from '../../../../shared/objects/object-store.js';
import { isUploadType, limits, quota, uploadTypes, type ImagePurpose } from '../image.js';
import type { UploadRepository, Usage } from './upload-repository.js';
import type { UploadSigner } from './upload-signature.js';
import { uploadKeptMs, uploadKey, type Upload } from './upload.js';

/** Long enough for 25 MB over a slow mobile line. In ms. */
const uploadLifetimeMs = 15 * 60_000;

export interface OpenUploadInput {
  readonly contentType: string;
  readonly size: number;
  readonly purpose: ImagePurpose;
}

export type OpenUploadResult = { readonly kind: 'Opened'; readonly upload: Upload; readonly request: PresignedUpload } | InvalidInput;

export interface OpenUploadDependencies {
  readonly uploads: Pick<UploadRepository, 'open'>;
  readonly objects: Pick<ObjectStore, 'presignUpload'>;
  readonly signer: UploadSigner;
  readonly now?: () => number;
  readonly newId?: () => string;
  readonly newObjectName?: () => string;
}

export type OpenUpload = (viewer: Viewer | null, input: OpenUploadInput) => Promise<OpenUploadResult>;

/** Opens uploads: the promise of a file of exact type and size, and the request that sends it. */
export function createOpenUpload({
  uploads,
  objects,
  signer,
  now = Date.now,
  newId = () => uuidV7(),
  newObjectName = () => randomBytes(16).toString('hex'),
}: OpenUploadDependencies): OpenUpload {
  async function presign(upload: Upload): Promise<PresignedUpload> {
    const { contentType, size } = upload;
    const direct = await objects.presignUpload(uploadKey(upload), { contentType, size, expiresInSeconds: uploadLifetimeMs / 1000 });
    return direct ?? { url: signer.sign(upload), method: 'PUT', headers: [{ name: 'Content-Type', value: contentType }] };
  }

  return async (viewer, { contentType, size, purpose }) => {
    if (viewer === null) throw unauthenticated();
    const problems = findProblems({ size, purpose });
    if (!isUploadType(contentType) || problems.length > 0) {
      return invalidInput([...(isUploadType(contentType) ? [] : [unsupportedType]), ...problems]);
    }
    const openedAt = now();
    const upload: Upload = {
      id: newId(),
      ownerId: viewer.userId,
      purpose,
      contentType,
      size,
      objectName: newObjectName(),
      createdAt: new Date(openedAt),
      expiresAt: new Date(openedAt + uploadLifetimeMs),
      state: { kind: 'Open' },
      idempotencyKey: null,
    };
    const opened = await uploads.open(upload, { since: new Date(openedAt - uploadKeptMs), judge: (usage) => judge(usage, size) });
    if (opened.kind === 'Known') return { kind: 'Opened', upload: opened.upload, request: await presign(opened.upload) };
    const { verdict } = opened;
    if (!verdict.isAllowed) {
      if (verdict.problem !== null) return invalidInput([verdict.problem]);
      throw new AppError('RATE_LIMITED', `At most ${quota.openUploads} uploads can be open at a time: complete one of them first.`, {
        retryAfter: Math.max(1, Math.ceil(((verdict.firstExpiresAt?.getTime() ?? openedAt) - openedAt) / 1000)),
      });
    }
    return { kind: 'Opened', upload, request: await presign(upload) };
  };
}

const unsupportedType: FieldProblem = {
  path: 'contentType',
  code: 'UNSUPPORTED_TYPE',
  message: `The content type must be one of ${uploadTypes.join(', ')}.`,
};

function findProblems({ size, purpose }: { size: number; purpose: ImagePurpose }): readonly FieldProblem[] {
  const { maxBytes } = limits[purpose];
  if (size < 1) return [{ path: 'size', code: 'TOO_SMALL', message: 'The size must be the exact number of bytes, 1 or more.' }];
  if (size > maxBytes) {
    const message = `The size must be at most ${maxBytes} bytes (${maxBytes / 1024 / 1024} MB) for the purpose ${purpose}.`;
    return [{ path: 'size', code: 'TOO_LARGE', message }];
  }
  return [];
}

type Verdict =
  | { readonly isAllowed: true }
  | { readonly isAllowed: false; readonly problem: FieldProblem }
  | { readonly isAllowed: false; readonly problem: null; readonly firstExpiresAt: Date | null };

function judge(usage: Usage, size: number): Verdict {
  if (usage.openUploads >= quota.openUploads) return { isAllowed: false, problem: null, firstExpiresAt: usage.firstExpiresAt };
  if (usage.images + usage.openUploads >= quota.images) {
    const message = `You have reached the limit of ${quota.images} images: delete some of them first.`;
    return { isAllowed: false, problem: { path: 'size', code: 'QUOTA_EXCEEDED', message } };
  }
  if (usage.bytes + size > quota.bytes) {
    const message = `The file does not fit into your ${quota.bytes / 1024 / 1024} MB of images: delete some of them first.`;
    return { isAllowed: false, problem: { path: 'size', code: 'QUOTA_EXCEEDED', message } };
  }
  return { isAllowed: true };
}
