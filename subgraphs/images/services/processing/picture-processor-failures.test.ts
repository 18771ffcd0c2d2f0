import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../../../../shared/config/project-root.js';
import { createLogger } from '../../../../shared/logging/logger.js';
import { encodeAs, plain } from '../../../../tests/testkit/product/pictures.js';
import { processPicture } from '../../../../tests/testkit/product/process-picture.js';
import type { PictureProcessor } from './picture-processing.js';
import { createPictureProcessor, type PictureProcessorOptions } from './picture-processor.js';

/** Does what the path says. */
const broken = join(projectRoot, 'tests/images/broken-decoder-child.ts');
const options = { declaredType: 'image/png', purpose: 'GALLERY' } as const;
const rejected = (code: string) => ({ kind: 'Rejected', code });

let temporaryFolder: string;
beforeAll(async () => {
  temporaryFolder = await mkdtemp(join(tmpdir(), 'galaxia-failures-'));
});
afterAll(() => rm(temporaryFolder, { recursive: true }));

async function withProcessor(
  change: Partial<PictureProcessorOptions>,
  test: (processor: PictureProcessor) => Promise<void>,
): Promise<void> {
  const logger = createLogger({ name: 'test', level: 'silent' });
  const processor = createPictureProcessor({ logger, temporaryFolder, concurrency: 1, ...change });
  try {
    await test(processor);
  } finally {
    await processor.close();
  }
  expect(await readdir(temporaryFolder)).toEqual([]);
}

const say = (processor: PictureProcessor, path: string) => processor.inTurn('upload', (work) => work.process(path, options));

describe('The picture processor', () => {
  it('SECURITY 47: loses the one picture that crashes decoders, and no other', () =>
    withProcessor({ entry: broken }, async (processor) => {
      const marker = join(await mkdtemp(join(tmpdir(), 'galaxia-marker-')), 'crashed');
      const results = await Promise.all([
        say(processor, 'end SIGSEGV'),
        say(processor, 'exit'),
        // The system took that one's decoder away, once.
        say(processor, `end once ${marker}`),
        say(processor, 'picture'),
      ]);
      // The stand-in answers CORRUPT to every picture that does not break it.
      expect(results).toEqual(Array.from({ length: 4 }, () => rejected('CORRUPT')));
      const variant = processor.inTurn('variant', (work) => work.encodeVariant('end SIGSEGV', { name: 'thumb', format: 'image/avif' }));
      await expect(variant).rejects.toThrow('Crashed');
    }));

  it('SECURITY 47: refuses a picture that takes too much memory', () =>
    withProcessor({ memoryLimit: 50 * 1024 ** 2 }, async (processor) => {
      const large = await encodeAs('image/png', plain(10_000, 5_000));
      expect(await processPicture(processor, large, options)).toEqual(rejected('TOO_MANY_PIXELS'));
    }));

  it('SECURITY 47: gives up on a picture that takes too long, and goes on with the next', () =>
    withProcessor({ entry: broken, timeLimitMs: 1500 }, async (processor) => {
      await expect(say(processor, 'hang')).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 30 });
      expect(await say(processor, 'picture')).toEqual(rejected('CORRUPT'));
    }));

  it('says when to try again when no decoder can be started', () =>
    withProcessor({ entry: join(projectRoot, 'missing.js') }, async (processor) => {
      await expect(say(processor, 'picture')).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 5 });
    }));

  it('lets two have their turn for each decoder, 64 uploads and 16 variants wait, and no more', () =>
    withProcessor({ concurrency: 2 }, async (processor) => {
      let end: () => void = () => undefined;
      const ending = new Promise<void>((resolve) => (end = resolve));
      let hadTurn = 0;
      const occupy = (urgency: 'upload' | 'variant') =>
        processor.inTurn(urgency, () => {
          hadTurn += 1;
          return ending;
        });
      const uploads = Array.from({ length: 4 + 64 }, () => occupy('upload'));
      const variants = Array.from({ length: 16 }, () => occupy('variant'));
      for (const urgency of ['upload', 'variant'] as const) {
        await expect(occupy(urgency)).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: expect.any(Number) as unknown });
      }
      end();
      await Promise.all([...uploads, ...variants]);
      expect(hadTurn).toBe(4 + 64 + 16);
    }));

  it('refuses what is under way and what waits when it is closed, and leaves no file', () =>
    withProcessor({ entry: broken }, async (processor) => {
      let isUnderWay: () => void = () => undefined;
      const underWay = new Promise<void>((resolve) => (isUnderWay = resolve));
      const works = Array.from({ length: 4 }, () =>
        processor.inTurn('upload', async (work) => {
          await writeFile(join(work.folder, 'upload'), 'bytes');
          isUnderWay();
          return work.process('hang', options);
        }),
      );
      const outcomes = Promise.allSettled(works);
      await underWay;
      await processor.close();
      for (const outcome of await outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } });
      await expect(say(processor, 'picture')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    }));
});
