/**
 * A process that decodes and encodes pictures, one job at a time, for the process that started it (decoder-process.ts). sharp runs in
 * here and nowhere else in the product, so that a file that breaks a decoder breaks this process alone.
 */
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import sharp from 'sharp';
import type { DecoderJob, DecoderMessage, DecoderResult } from './jobs.js';
import { makePictures, makeVariant } from './make-pictures.js';

/** How often memory is looked at during a job. In ms. */
const watchEveryMs = 20;
const memoryLimit = Number(process.argv[2]);

// libvips has loaders for formats that are not allowed here (SVG, PDF, TIFF …). Even a file that fooled the sniffer must not reach them.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['VipsForeignLoadPng', 'VipsForeignLoadJpeg', 'VipsForeignLoadWebp', 'VipsForeignLoadNsgif', 'VipsForeignLoadHeif'],
});
// No two jobs have anything in common.
sharp.cache(false);
// As many of these run as there are cores by two.
sharp.concurrency(2);
giveWay();

// A terminal sends its signals to the whole group. Whoever started this process ends it, and when that one is gone so is the channel.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
process.on('disconnect', end);
process.on('message', (job: DecoderJob) => void answer(job));
say({ kind: 'Ready' });

async function answer(job: DecoderJob): Promise<void> {
  const watch = setInterval(() => {
    if (process.memoryUsage.rss() > memoryLimit) say({ kind: 'OutOfMemory' }, end);
  }, watchEveryMs);
  try {
    const result = await run(job);
    say({ kind: 'Done', result, rss: process.memoryUsage.rss() });
  } catch (error) {
    say({ kind: 'Failed', message: String(error) });
  } finally {
    clearInterval(watch);
  }
}

function run(job: DecoderJob): Promise<DecoderResult> {
  switch (job.kind) {
    case 'process':
      return makePictures(job);
    case 'encodeVariant':
      return makeVariant(job);
  }
}

function say(message: DecoderMessage, then: () => void = () => undefined): void {
  process.send?.(message, undefined, {}, then);
}

/** At once: `process.exit` would wait for the threads that decode. */
function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** People wait for the rest of the product more than for pictures; and a system without memory is to end this process, not another. */
function giveWay(): void {
  try {
    setPriority(5);
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not every system has both, and the product works without.
  }
}
