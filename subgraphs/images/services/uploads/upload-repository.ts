import type { Image } from '../image.js';
import type { RejectionCode } from '../processing/picture-processing.js';
import type { Upload } from './upload.js';

/** What a user has already: published, and promised by uploads that are still open. */
export interface Usage {
  readonly images: number;
  /** Of the published images and of the open uploads. */
  readonly bytes: number;
  readonly openUploads: number;
  /** When the first of the open uploads expires; null when none is open. */
  readonly firstExpiresAt: Date | null;
}

export interface UploadRepository {
  /**
   * Stores `upload` if `isAllowed` says so about what its owner has at that moment, and answers what it said. Parallel calls for one owner
   * wait for each other, so that the answer holds.
   */
  open<Verdict extends { readonly isAllowed: boolean }>(upload: Upload, judge: (usage: Usage) => Verdict): Promise<Verdict>;
  find(id: string): Promise<Upload | null>;
  /** Closes an open upload as refused; false when it was not open any more. */
  reject(id: string, rejection: { code: RejectionCode; at: Date }): Promise<boolean>;
  /** Closes an open upload and stores the image it became, both or neither; false when it was not open any more. */
  publish(image: Image): Promise<boolean>;
  /** Uploads that expired before `time`, the oldest first, at most `limit`. */
  findExpired(time: Date, limit: number): Promise<readonly Upload[]>;
  forget(id: string): Promise<void>;
}
