/** P6: 12-megapixel JPEGs through the pipeline against raw sharp doing the same, and memory against the size of the upload. */
import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import sharp, { type Sharp } from 'sharp';
import { createLogger } from '../shared/logging/logger.js';
import { variantNames, variantSides } from '../subgraphs/images/services/processing/picture-processing.js';
import { createPictureProcessor } from '../subgraphs/images/services/processing/picture-processor.js';
import { report } from './harness.js';
import { startProduct, type Peak } from './images-product.js';
import { plotLines } from './line-plot.js';

const rounds = 5;
const concurrency = Math.max(1, Math.floor(availableParallelism() / 2));
const picturesEach = concurrency * 4;
const megabyte = 1024 * 1024;
const sizes = [1, 5, 10, 25];
const uploadsOfEachSize = 8;

// Each decoder has four threads of its own, so raw sharp gets as many. libuv makes its threads before any code runs.
const threadPoolSize = String(concurrency * 4);
if (process.env.UV_THREADPOOL_SIZE !== threadPoolSize) {
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', import.meta.filename], {
    stdio: 'inherit',
    env: { ...process.env, UV_THREADPOOL_SIZE: threadPoolSize },
  });
  process.exit(status ?? 1);
}
sharp.cache(false);
sharp.concurrency(2);

const folder = mkdtempSync(join(tmpdir(), 'galaxia-bench-'));
const photo = join(folder, 'photo.jpg');
writeFileSync(photo, await noisy(20, 85));
const processor = createPictureProcessor({
  logger: createLogger({ name: 'bench', level: 'warn' }),
  concurrency,
  entry: resolve(import.meta.dirname, '../dist/subgraphs/images/services/processing/decoder/main.js'),
});

/** The steps as somebody would write them who trusts the file: upright, within 4096, full and variants as WebP, and pixels for a placeholder. */
async function rawSharp(index: number): Promise<void> {
  const target = join(folder, `raw-${index}`);
  mkdirSync(target);
  const { data, info } = await within(sharp(photo).autoOrient(), 4096).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const picture = () => sharp(data, { raw: { width: info.width, height: info.height, channels: info.channels } });
  await Promise.all([
    picture().webp({ quality: 85, effort: 2 }).toFile(join(target, 'full.webp')),
    within(picture(), 96).ensureAlpha().raw().toBuffer(),
    ...variantNames.map((name) =>
      within(picture(), variantSides[name])
        .webp({ quality: 80 })
        .toFile(join(target, `${name}.webp`)),
    ),
  ]);
  rmSync(target, { recursive: true });
}

/** What happens to an upload: its bytes come to a file, and the file to pictures. */
async function ours(): Promise<void> {
  await processor.inTurn('upload', async (work) => {
    const path = join(work.folder, 'upload');
    await pipeline(createReadStream(photo), createWriteStream(path));
    const result = await work.process(path, { declaredType: 'image/jpeg', purpose: 'GALLERY' });
    if (result.kind === 'Rejected') throw new Error(result.code);
  });
}

function within(image: Sharp, side: number): Sharp {
  return image.resize({ width: side, height: side, fit: 'inside', withoutEnlargement: true });
}

/** Per second, with `concurrency` under way at a time. */
async function rateOf(task: (index: number) => Promise<void>): Promise<number> {
  const started = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < picturesEach) await task(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return (picturesEach / (performance.now() - started)) * 1000;
}

/** 4000 × 3000 pixels, which compress as those of a photo do when `sigma` is about 20. */
function noisy(sigma: number, quality: number): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma } as const;
  return sharp({ create: { width: 4000, height: 3000, channels: 3, background: '#808080', noise } })
    .jpeg({ quality, ...(quality > 90 ? { chromaSubsampling: '4:4:4' } : {}) })
    .toBuffer();
}

/** JPEGs of the same 12 megapixels and of exactly `size` bytes: as fine as fits, filled up behind the end, each another upload. */
async function jpegsOf(size: number): Promise<readonly Buffer[]> {
  const candidates: Buffer[] = [];
  for (const [sigma, quality] of [
    [3, 60],
    [10, 75],
    [20, 85],
    [40, 92],
    [60, 97],
    [100, 100],
  ] as const)
    candidates.push(await noisy(sigma, quality));
  const finest = candidates.filter(({ length }) => length < size - 16).at(-1);
  if (finest === undefined) throw new Error(`no JPEG is smaller than ${size} bytes`);
  return Array.from({ length: uploadsOfEachSize }, (_, index) => Buffer.concat([finest, Buffer.alloc(size - finest.length, index + 1)]));
}

async function peakOf(size: number): Promise<Peak> {
  const jpegs = [...(await jpegsOf(size * megabyte))];
  const product = await startProduct();
  try {
    return await product.watch(async () => {
      // Four at a time, so that all decoders work.
      const worker = async () => {
        for (let next = jpegs.pop(); next !== undefined; next = jpegs.pop()) await product.upload(next);
      };
      await Promise.all(Array.from({ length: 4 }, worker));
    });
  } finally {
    await product.stop();
  }
}

const rates = { raw: [] as number[], ours: [] as number[], share: [] as number[] };
await Promise.all(Array.from({ length: concurrency }, ours));
await rateOf(rawSharp);
for (let round = 0; round < rounds; round += 1) {
  // In turns, so that both meet the machine in the same mood.
  const [raw, own] = [await rateOf(rawSharp), await rateOf(ours)];
  rates.raw.push(raw);
  rates.ours.push(own);
  rates.share.push(own / raw);
}
await processor.close();

const peaks: Peak[] = [];
for (const size of sizes) peaks.push(await peakOf(size));
rmSync(folder, { recursive: true });

const server = peaks.map((peak) => peak.server);
const decoders = peaks.map((peak) => peak.decoders);
const of = (values: readonly number[], size: number) => values[sizes.indexOf(size)] ?? 0;
plotLines(
  'images-memory',
  { title: 'P6: peak memory while images are uploaded and published', x: 'size of each upload, MB', y: 'peak RSS, MB' },
  [
    { name: 'server', color: '#0d9488', points: sizes.map((x) => ({ x, y: of(server, x) })) },
    { name: `${concurrency} decoders together`, color: '#7c3aed', points: sizes.map((x) => ({ x, y: of(decoders, x) })) },
  ],
);
report('images', 'P6: image pipeline, 12-megapixel JPEGs', [
  { name: `raw sharp, ${concurrency} at a time`, unit: 'images/s', rounds: rates.raw, goal: null },
  { name: 'pipeline', unit: 'images/s', rounds: rates.ours, goal: null },
  { name: 'pipeline over raw sharp', unit: '×', rounds: rates.share, goal: { atLeast: 0.8 } },
  ...sizes.flatMap((size) => [
    { name: `server at uploads of ${size} MB, peak`, unit: 'MB', rounds: [of(server, size)], goal: null },
    { name: `decoders at uploads of ${size} MB, peak`, unit: 'MB', rounds: [of(decoders, size)], goal: null },
  ]),
  {
    name: 'server at 25 MB over 1 MB',
    unit: '×',
    rounds: [of(server, 25) / of(server, 1)],
    goal: { atMost: 1.25 },
  },
  {
    name: 'decoders at 25 MB over 1 MB',
    unit: '×',
    rounds: [of(decoders, 25) / of(decoders, 1)],
    goal: { atMost: 1.25 },
  },
]);
