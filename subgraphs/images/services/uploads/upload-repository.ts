import type { Image } from '../image.js';
import type { Reservation } from '../pictures/object-removals.js';
import type { Picture } from '../pictures/picture.js';
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

/** An image that is to be published in place of the upload of the same id. */
export interface Publication {
  readonly image: Pick<Image, 'id' | 'ownerId' | 'purpose' | 'name' | 'createdAt'>;
  /** Of the picture that it shows. */
  readonly digest: string;
  /** The picture with its stored objects, all of which the reservation holds; null to show only a picture that exists already. */
  readonly made: { readonly picture: Picture; readonly reservation: Reservation } | null;
}

export type PublicationOutcome =
  /** With `made`, if that was used; if not, its objects are as superfluous as in every other case. */
  | { readonly kind: 'Published'; readonly image: Image; readonly usesMade: boolean }
  /** The upload was not open any more. */
  | { readonly kind: 'Closed' }
  | { readonly kind: 'NoPicture' };

export interface UploadRepository {
  /**
   * Stores `upload` if `isAllowed` says so about what its owner has at that moment, and answers what it said. Puts down when its raw bytes
   * go (`rawRemoval`). Parallel calls for one owner wait for each other, so that the answer holds.
   *
   * An upload of this owner with the same idempotency key from after `since` that is of any use, being no open one that has expired, is
   * answered instead.
   */
  open<Verdict extends { readonly isAllowed: boolean }>(
    upload: Upload,
    options: { readonly raw: Reservation; readonly since: Date; readonly judge: (usage: Usage) => Verdict },
  ): Promise<{ readonly kind: 'Judged'; readonly verdict: Verdict } | { readonly kind: 'Known'; readonly upload: Upload }>;
  /** What the user has at that moment. */
  usage(ownerId: string, at: Date): Promise<Usage>;
  find(id: string): Promise<Upload | null>;
  /** Closes an open upload as refused; false when it was not open any more. */
  reject(id: string, rejection: { code: RejectionCode; at: Date }): Promise<boolean>;
  /** Closes an open upload and publishes the image that it becomes, both or neither. Of several with one digest all show one picture. */
  publish(publication: Publication): Promise<PublicationOutcome>;
  /** Forgets uploads that expired before `time`, the oldest first, at most `limit`. Answers how many. */
  forgetBefore(time: Date, limit: number): Promise<number>;
}
