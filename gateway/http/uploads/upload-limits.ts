import { defaultNumbers, type NumbersOf } from '../../../shared/config/number-settings.js';

const mostBytes = 1_000_000_000_000;

/** Bounds of requests with files. */
export const uploadSettings = {
  maxFiles: { variable: 'UPLOAD_MAX_FILES', otherwise: 10, most: 1_000, about: 'Files of one request.' },
  maxFileBytes: { variable: 'UPLOAD_MAX_FILE_BYTES', otherwise: 16 * 1024 * 1024, most: mostBytes, about: 'Bytes of one file.' },
  maxBytes: {
    variable: 'UPLOAD_MAX_BYTES',
    otherwise: 64 * 1024 * 1024,
    most: mostBytes,
    about: 'Bytes of a whole request with files.',
  },
  stallMs: {
    variable: 'UPLOAD_STALL_TIMEOUT_MS',
    otherwise: 10_000,
    most: 300_000,
    about: 'How long a client may send nothing while its subgraph waits for more, in milliseconds.',
  },
  minBytesPerSecond: {
    variable: 'UPLOAD_MIN_BYTES_PER_SECOND',
    otherwise: 8 * 1024,
    most: 1_000_000_000,
    about: 'How fast a client must send while its subgraph waits for more; it may be behind by no more than `stallMs`.',
  },
  maxPerClient: {
    variable: 'UPLOAD_MAX_PER_CLIENT',
    otherwise: 16,
    most: 1_000_000,
    about: 'Requests with files of one client that may be under way at once, in each process.',
  },
} as const;

export type UploadLimits = NumbersOf<typeof uploadSettings>;

export const defaultUploadLimits: UploadLimits = defaultNumbers(uploadSettings);
