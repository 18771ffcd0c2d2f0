import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { MultipartError, readMultipart, type FormPart } from '../../../shared/http/multipart.js';
import { limits, type ImagePurpose } from '../services/image.js';
import type { ReceivedFile } from '../services/uploads/publish-file.js';

export interface ImageForm {
  readonly file: ReceivedFile;
  /** Null when the form does not say. */
  readonly purpose: ImagePurpose | null;
}

export type ImageFormResult =
  | { readonly kind: 'Read'; readonly form: ImageForm }
  | { readonly kind: 'NoFile' }
  | { readonly kind: 'TwoFiles' }
  | { readonly kind: 'TooLarge' }
  | { readonly kind: 'UnknownPurpose' }
  | { readonly kind: 'Malformed'; readonly message: string };

/** Of what is no file, in bytes. */
const maxFieldLength = 64 * 1024;

/**
 * Reads the form of an image: a file called `file`, and `purpose` if there is one. The file goes to `path` as it comes and no further
 * than its limit; other fields are ignored.
 */
export async function readImageForm(
  body: AsyncIterable<Buffer>,
  { boundary, path, purpose: saidBefore }: { boundary: string; path: string; purpose: ImagePurpose | null },
): Promise<ImageFormResult> {
  let purpose = saidBefore;
  let file: ReceivedFile | null = null;
  try {
    for await (const part of readMultipart(body, boundary)) {
      if (!part.isFile) {
        const text = await readField(part);
        if (part.name !== 'purpose') continue;
        const said = parsePurpose(text);
        if (said === null || (purpose !== null && said !== purpose)) return { kind: 'UnknownPurpose' };
        purpose = said;
      } else {
        if (file !== null) return { kind: 'TwoFiles' };
        if (part.name !== 'file') return { kind: 'NoFile' };
        const size = await writeFile(part, path, limits[purpose ?? 'GALLERY'].maxBytes);
        if (size === null) return { kind: 'TooLarge' };
        file = { path, size, contentType: part.contentType === 'application/octet-stream' ? null : part.contentType };
      }
    }
  } catch (error) {
    if (error instanceof MultipartError) return { kind: 'Malformed', message: error.message };
    throw error;
  }
  // What a browser sends for a form in which no file was chosen.
  if (file === null || file.size === 0) return { kind: 'NoFile' };
  if (file.size > limits[purpose ?? 'GALLERY'].maxBytes) return { kind: 'TooLarge' };
  return { kind: 'Read', form: { file, purpose } };
}

export function parsePurpose(text: string): ImagePurpose | null {
  return text === 'AVATAR' || text === 'GALLERY' ? text : null;
}

async function readField({ body }: FormPart): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxFieldLength) throw new MultipartError(`A field of the form has more than ${maxFieldLength} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** How many bytes it had; null when they were more than `maxBytes`. */
async function writeFile({ body }: FormPart, path: string, maxBytes: number): Promise<number | null> {
  let size = 0;
  await pipeline(
    body,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        size += chunk.length;
        if (size > maxBytes) return;
        yield chunk;
      }
    },
    createWriteStream(path, { mode: 0o600 }),
  );
  return size > maxBytes ? null : size;
}
