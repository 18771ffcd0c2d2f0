import { randomBytes } from 'node:crypto';
import { v7 as uuidV7 } from 'uuid';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import type { ImageQuota } from '../../../../shared/config/image-quota-settings.js';
import { AppError, unauthenticated } from '../../../../shared/errors/app-error.js';
import { invalidInput, type FieldProblem, type InvalidInput } from '../../../../shared/errors/invalid-input.js';
import { isUploadType, limits, uploadTypes, type ImagePurpose } from '../image.js';
import { toImageUsage, type ImageUsage } from '../image-usage.js';
import type { UploadRepository, Usage } from './upload-repository.js';
import { rawRemoval, uploadKeptMs, type Upload } from './upload.js';

/** Long enough for 25 MB over a slow mobile line. In ms. */
const uploadLifetimeMs = 15 * 60_000;

export interface UploadRequest {
  readonly contentType: string;
  readonly size: number;
  readonly purpose: ImagePurpose;
  /** The client's own; null for none. */
  readonly idempotencyKey: string | null;
}

export interface QuotaExceeded {
  readonly kind: 'QuotaExceeded';
  readonly message: string;
  readonly usage: ImageUsage;
}

export type ReserveUploadResult =
  /** A new one, or the one that the client has reserved with this key before, whatever became of it. */
  { readonly kind: 'Reserved'; readonly upload: Upload } | QuotaExceeded | InvalidInput;

export type ReserveUpload = (viewer: Viewer | null, request: UploadRequest) => Promise<ReserveUploadResult>;

export interface ReserveUploadDependencies {
  readonly uploads: Pick<UploadRepository, 'open'>;
  /** Of each user. */
  readonly quota: ImageQuota;
  readonly now?: () => number;
  readonly newId?: () => string;
  readonly newObjectName?: () => string;
}

/** Reserves a place for a file of exact type and size among what its owner may keep. Throws `RATE_LIMITED` for too many at a time. */
export function createReserveUpload({
  uploads,
  quota,
  now = Date.now,
  newId = () => uuidV7(),
  newObjectName = () => randomBytes(16).toString('hex'),
}: ReserveUploadDependencies): ReserveUpload {
  return async (viewer, request) => {
    if (viewer === null) throw unauthenticated();
    const problems = findProblems(request);
    if (problems.length > 0) return invalidInput(problems);
    const openedAt = now();
    const upload: Upload = {
      ...request,
      id: newId(),
      ownerId: viewer.userId,
      objectName: newObjectName(),
      createdAt: new Date(openedAt),
      expiresAt: new Date(openedAt + uploadLifetimeMs),
      state: { kind: 'Open' },
    };
    const since = new Date(openedAt - uploadKeptMs);
    const opened = await uploads.open(upload, { raw: rawRemoval(upload), since, judge: (usage) => judge(usage, request.size, quota) });
    if (opened.kind === 'Known') return isSame(opened.upload, request) ? { kind: 'Reserved', upload: opened.upload } : keyAlreadyUsed;
    const { verdict } = opened;
    if (verdict.isAllowed) return { kind: 'Reserved', upload };
    if (verdict.exceeded !== null) return verdict.exceeded;
    throw new AppError('RATE_LIMITED', `At most ${quota.openUploads} uploads can be open at a time: complete one of them first.`, {
      retryAfter: Math.max(1, Math.ceil(((verdict.firstExpiresAt?.getTime() ?? openedAt) - openedAt) / 1000)),
    });
  };
}

function findProblems({ contentType, size, purpose, idempotencyKey }: UploadRequest): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (!isUploadType(contentType)) {
    const message = `The content type must be one of ${uploadTypes.join(', ')}.`;
    problems.push({ path: 'contentType', code: 'UNSUPPORTED_TYPE', message });
  }
  if (size < 1) {
    problems.push({ path: 'size', code: 'TOO_SMALL', message: 'The size must be the exact number of bytes, 1 or more.' });
  } else if (size > limits[purpose].maxBytes) {
    problems.push({ path: 'size', code: 'TOO_LARGE', message: `The file ${mayHave(purpose)}.` });
  }
  if (idempotencyKey !== null && !/^[^\p{Cc}\p{Cs}]{1,64}$/u.test(idempotencyKey)) {
    const message = 'The idempotency key must have 1 to 64 characters, and no control characters.';
    problems.push({ path: 'idempotencyKey', code: 'INVALID', message });
  }
  return problems;
}

/** What a file of this purpose may have, as the end of a sentence. */
export function mayHave(purpose: ImagePurpose): string {
  const { maxBytes } = limits[purpose];
  return `may have at most ${maxBytes} bytes (${maxBytes / 1024 / 1024} MB) for the purpose ${purpose}`;
}

/** With the upload of another file in hand, a client would wait for an image that never comes. */
function isSame(upload: Upload, { contentType, size, purpose }: UploadRequest): boolean {
  return upload.contentType === contentType && upload.size === size && upload.purpose === purpose;
}

const keyAlreadyUsed = invalidInput([
  {
    path: 'idempotencyKey',
    code: 'ALREADY_USED',
    message: 'This idempotency key belongs to another file: use a new one for each file, and the same one only to try again.',
  },
]);

type Verdict =
  | { readonly isAllowed: true }
  | { readonly isAllowed: false; readonly exceeded: QuotaExceeded }
  | { readonly isAllowed: false; readonly exceeded: null; readonly firstExpiresAt: Date | null };

function judge(usage: Usage, size: number, quota: ImageQuota): Verdict {
  if (usage.openUploads >= quota.openUploads) return { isAllowed: false, exceeded: null, firstExpiresAt: usage.firstExpiresAt };
  const exceeded = (message: string): Verdict => ({
    isAllowed: false,
    exceeded: { kind: 'QuotaExceeded', message, usage: toImageUsage(usage, quota) },
  });
  if (usage.images + usage.openUploads >= quota.images) {
    return exceeded(`You have reached the limit of ${quota.images} images: delete some of them first.`);
  }
  if (usage.bytes + size > quota.bytes) {
    return exceeded(`The file does not fit into your ${inMegabytes(quota.bytes)} MB of images: delete some of them first.`);
  }
  return { isAllowed: true };
}

/** To a hundredth. */
function inMegabytes(bytes: number): number {
  return Math.round((bytes * 100) / 1024 / 1024) / 100;
}
