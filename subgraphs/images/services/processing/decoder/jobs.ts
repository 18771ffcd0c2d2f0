import type { EncodedFile, PictureResult, PictureType } from '../picture-processing.js';

/** What a decoder can be asked for; each answers its `result`. */
export interface DecoderJobs {
  readonly process: {
    readonly job: {
      readonly kind: 'process';
      readonly path: string;
      readonly declaredType: string;
      /** Of the full picture, in pixels. */
      readonly maxSide: number;
      /** Where to make the files. */
      readonly folder: string;
    };
    readonly result: PictureResult;
  };
  readonly encodeVariant: {
    readonly job: {
      readonly kind: 'encodeVariant';
      readonly path: string;
      /** The square within which the variant lies, in pixels. */
      readonly side: number;
      readonly format: PictureType;
      readonly folder: string;
    };
    readonly result: EncodedFile;
  };
}

export type JobKind = keyof DecoderJobs;
export type DecoderJob = DecoderJobs[JobKind]['job'];
export type DecoderResult = DecoderJobs[JobKind]['result'];

/** What a decoder says, as JSON. It is given one job at a time. */
export type DecoderMessage =
  | { readonly kind: 'Ready' }
  /** `rss` is what the process keeps in memory after the job, in bytes. */
  | { readonly kind: 'Done'; readonly result: DecoderResult; readonly rss: number }
  /** Not the picture's fault: no room on the disk, for example. */
  | { readonly kind: 'Failed'; readonly message: string }
  /** Its last word. */
  | { readonly kind: 'OutOfMemory' };
