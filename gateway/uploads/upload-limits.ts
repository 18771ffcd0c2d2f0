/** Bounds of requests with files. */
export interface UploadLimits {
  readonly maxFiles: number;
  readonly maxFileBytes: number;
  /** Of a whole request with everything that is around its files. */
  readonly maxBytes: number;
  /** How long a client may send nothing while its subgraph waits for more, in ms. */
  readonly stallMs: number;
}

export const defaultUploadLimits: UploadLimits = {
  maxFiles: 10,
  maxFileBytes: 16 * 1024 * 1024,
  maxBytes: 64 * 1024 * 1024,
  stallMs: 10_000,
};
