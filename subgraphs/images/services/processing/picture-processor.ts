import { mkdtemp } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../../../../shared/logging/logger.js';
import { limits } from '../image.js';
import { createDecoderPool, type DecoderPool } from './decoder-pool.js';
import { startDecoderProcess } from './decoder-process.js';
import { variantSides, type PictureProcessor, type PictureUrgency, type PictureWork } from './picture-processing.js';
import { createTurnQueue } from './turn-queue.js';
import { inWorkFolder, removeAbandonedFolders } from './work-folder.js';

const megabyte = 1024 * 1024;

/** A minute of work for two processes. Variants have a substitute and need not wait long. */
const maxWaiting = { upload: 64, variant: 16 };

export interface PictureProcessorOptions {
  readonly logger: Logger;
  /** How many decoders work at a time. Half of the cores: one picture keeps two of them busy, and the rest of the product is to answer meanwhile. */
  readonly concurrency?: number;
  /** Where works have their folders. */
  readonly temporaryFolder?: string;
  /** For one picture, in ms. */
  readonly timeLimitMs?: number;
  /** For one decoder, in bytes of resident memory. */
  readonly memoryLimit?: number;
  /** After so long without work a decoder ends, in ms. */
  readonly idleMs?: number;
  /** The decoders' program. */
  readonly entry?: string;
  readonly now?: () => number;
}

/** Nothing is started before the first work. */
export function createPictureProcessor({
  logger,
  concurrency = Math.max(1, Math.floor(availableParallelism() / 2)),
  temporaryFolder = tmpdir(),
  timeLimitMs = 30_000,
  memoryLimit = 1024 * megabyte,
  idleMs = 30_000,
  entry,
  now = Date.now,
}: PictureProcessorOptions): PictureProcessor {
  // Twice as many works as decoders: while some decode, others read from and write to the store.
  const turns = createTurnQueue({ concurrency: concurrency * 2, maxWaiting, now });
  const pool = createDecoderPool({
    size: concurrency,
    startDecoder: () => startDecoderProcess({ memoryLimit, ...(entry === undefined ? {} : { entry }) }),
    timeLimitMs,
    idleMs,
    logger,
  });
  let cleaning: Promise<void> | null = null;

  return {
    inTurn: (urgency, task) =>
      turns.run(urgency, async () => {
        cleaning ??= removeAbandonedFolders(temporaryFolder, now()).catch((error: unknown) => {
          logger.warn({ err: error }, 'folders of former picture works not removed');
        });
        await cleaning;
        return inWorkFolder(temporaryFolder, (folder) => task(createWork(pool, urgency, folder)));
      }),
    load: () => turns.load(),
    async close() {
      await pool.close();
      await turns.close();
    },
  };
}

function createWork(pool: DecoderPool, urgency: PictureUrgency, folder: string): PictureWork {
  // A folder for each call, so that nothing that is made takes the place of what the work has put there itself.
  const newFolder = () => mkdtemp(join(folder, 'made-'));
  return {
    folder,
    async process(path, { declaredType, purpose }) {
      const { maxSide } = limits[purpose];
      const outcome = await pool.run<'process'>(urgency, { kind: 'process', path, declaredType, maxSide, folder: await newFolder() });
      switch (outcome.kind) {
        case 'Done':
          return outcome.result;
        case 'OutOfMemory':
          return { kind: 'Rejected', code: 'TOO_MANY_PIXELS' };
        case 'Crashed':
          return { kind: 'Rejected', code: 'CORRUPT' };
      }
    },
    async encodeVariant(path, { name, format }) {
      const side = variantSides[name];
      const outcome = await pool.run<'encodeVariant'>(urgency, { kind: 'encodeVariant', path, side, format, folder: await newFolder() });
      // What the pipeline has made it can also read, so this is no hostile file.
      if (outcome.kind !== 'Done') throw new Error(`A decoder of a published picture ended: ${outcome.kind}`);
      return outcome.result;
    },
  };
}
