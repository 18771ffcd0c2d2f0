import { limits, uploadTypes } from '../image.js';
import { maxPixels, type RejectionCode } from '../processing/picture-processing.js';

/** What is wrong with a file that was refused, and what to do, for people. */
export const rejectionMessages: Readonly<Record<RejectionCode, string>> = {
  UNSUPPORTED_TYPE: `The file is none of ${uploadTypes.join(', ')}.`,
  TYPE_MISMATCH: 'The file is of another type than was said: send it again with the contentType of the file.',
  TOO_LARGE: `The file is larger than was said; at most ${limits.GALLERY.maxBytes} bytes are allowed.`,
  TOO_MANY_PIXELS: `The image has more than ${maxPixels / 1_000_000} million pixels: make it smaller first.`,
  CORRUPT: 'The file is damaged or incomplete and cannot be read as an image.',
};
