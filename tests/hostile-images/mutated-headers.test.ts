import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import sharp from 'sharp';
import { AppError } from '../../shared/errors/app-error.js';
import { createLogger } from '../../shared/logging/logger.js';
import { createPictureProcessor } from '../../subgraphs/images/services/processing/picture-processor.js';
import { encodeAs, pictureTypes, redAndBlue } from '../testkit/product/pictures.js';
import { processPicture } from '../testkit/product/process-picture.js';
import { mark } from './hostile-file.js';

const processor = createPictureProcessor({ logger: createLogger({ name: 'test', level: 'silent' }) });
afterAll(() => processor.close());

/** What is done to a valid file, at a part of the way through its headers. */
const mutation = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('set' as const), at: fc.double({ min: 0, max: 1, noNaN: true }), bytes: fc.constantFrom(...extremes()) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
  }),
  fc.record({
    kind: fc.constant('remove' as const),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
  }),
);
type Mutation = typeof mutation extends fc.Arbitrary<infer Value> ? Value : never;

/** Numbers at which sizes and offsets overflow. */
function extremes(): readonly Uint8Array[] {
  return ['00000000', 'ffffffff', '7fffffff', '80000000', 'ffff', '0000', 'fffffffe', '00010000'].map((hex) =>
    Uint8Array.from(Buffer.from(hex, 'hex')),
  );
}

/** Most of what a file says of itself stands in so many bytes. */
const headerLength = 600;

function mutate(file: Buffer, mutations: readonly Mutation[]): Buffer {
  return mutations.reduce((bytes, { kind, at, bytes: given }) => {
    const start = Math.floor(at * Math.min(headerLength, bytes.length));
    const end = kind === 'insert' ? start : start + given.length;
    return Buffer.concat([bytes.subarray(0, start), kind === 'remove' ? Buffer.alloc(0) : given, bytes.subarray(end)]);
  }, file);
}

describe.each(pictureTypes)('SECURITY 47: %s with changed headers', (type) => {
  let valid: Buffer;
  beforeAll(async () => {
    valid = await encodeAs(
      type,
      type === 'image/gif'
        ? redAndBlue()
        : redAndBlue()
            .withExif({ IFD0: { Copyright: mark } })
            .withIccProfile('p3'),
    );
  });

  it('is published without metadata, or refused with a reason', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
        const result = await processPicture(processor, mutate(valid, mutations), { declaredType: type }).catch((error: unknown) => {
          // It took too long.
          if (error instanceof AppError && error.code === 'UNAVAILABLE') return null;
          throw error;
        });
        seen.add(result?.kind ?? 'UNAVAILABLE');
        if (result === null) return;
        if (result.kind === 'Rejected') {
          expect(['UNSUPPORTED_TYPE', 'TYPE_MISMATCH', 'TOO_MANY_PIXELS', 'CORRUPT']).toContain(result.code);
          return;
        }
        for (const { bytes, width, height } of [result.full, ...result.variants]) {
          const metadata = await sharp(bytes).metadata();
          expect(metadata).toMatchObject({ format: 'webp', width, height });
          expect([metadata.exif, metadata.icc, metadata.xmp, metadata.orientation]).toEqual([undefined, undefined, undefined, undefined]);
          expect(bytes.includes(mark)).toBe(false);
          await sharp(bytes, { failOn: 'warning' }).raw().toBuffer();
        }
      }),
      { numRuns: 150 },
    );
    expect(seen).toContain('Rejected');
  }, 120_000);
});
