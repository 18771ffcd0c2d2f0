import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PictureProcessor, PictureResult } from '../../../subgraphs/images/services/processing/picture-processing.js';

type Encoded = Extract<PictureResult, { kind: 'Encoded' }>;
type WithBytes<File> = Omit<File, 'path'> & { readonly bytes: Buffer };

/** A result with the bytes of its files, which are gone with the work. */
export type ProcessedPicture =
  | Extract<PictureResult, { kind: 'Rejected' }>
  | (Omit<Encoded, 'full' | 'variants'> & {
      readonly full: WithBytes<Encoded['full']>;
      readonly variants: readonly WithBytes<Encoded['variants'][number]>[];
    });

/** Processes bytes as an upload is. */
export function processPicture(
  processor: PictureProcessor,
  bytes: Buffer,
  options: { declaredType: string; purpose?: 'AVATAR' | 'GALLERY' },
): Promise<ProcessedPicture> {
  return processor.inTurn('upload', async (work) => {
    const path = join(work.folder, 'upload');
    await writeFile(path, bytes);
    const result = await work.process(path, { purpose: 'GALLERY', ...options });
    if (result.kind === 'Rejected') return result;
    return { ...result, full: await withBytes(result.full), variants: await Promise.all(result.variants.map(withBytes)) };
  });
}

/** The same, for a picture that must be published. */
export async function publishPicture(...args: Parameters<typeof processPicture>): Promise<Extract<ProcessedPicture, { kind: 'Encoded' }>> {
  const processed = await processPicture(...args);
  if (processed.kind === 'Rejected') throw new Error(`Rejected: ${processed.code}`);
  return processed;
}

async function withBytes<File extends { readonly path: string }>({ path, ...file }: File): Promise<WithBytes<File>> {
  return { ...file, bytes: await readFile(path) };
}
