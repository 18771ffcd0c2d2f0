import { open } from 'node:fs/promises';
import { fileTypeFromBuffer } from 'file-type';
import { isUploadType, type UploadType } from '../../image.js';

/** Magic bytes stand at the beginning; a parser need not see more of a hostile file than this. In bytes. */
const sniffLength = 64 * 1024;

/** The type that the file's first bytes say it has, whatever anybody calls it; null for one that cannot be uploaded. */
export async function sniff(path: string): Promise<UploadType | null> {
  const found = await fileTypeFromBuffer(await readBeginning(path)).catch(() => undefined);
  // An animated PNG is a PNG to every decoder that does not know better.
  const mime: string | undefined = found?.mime === 'image/apng' ? 'image/png' : found?.mime;
  return mime !== undefined && isUploadType(mime) ? mime : null;
}

async function readBeginning(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(sniffLength), 0, sniffLength, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
