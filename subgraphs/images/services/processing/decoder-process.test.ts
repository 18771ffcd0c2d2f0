import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { projectRoot } from '../../../../shared/config/project-root.js';
import { encodeAs, plain, redAndBlue } from '../../../../tests/testkit/product/pictures.js';
import type { DecoderJob } from './decoder/jobs.js';
import { startDecoderProcess, type DecoderProcess } from './decoder-process.js';
import { until } from '../../../../tests/testkit/until.js';

const broken = join(projectRoot, 'tests/images/broken-decoder-child.ts');
const gigabyte = 1024 ** 3;
const timeLimitMs = 60_000;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'galaxia-decoder-'));
});
afterAll(() => rm(folder, { recursive: true }));

const started: DecoderProcess[] = [];
afterAll(() => Promise.all(started.map((decoder) => decoder.stop())));

function start(options: Partial<Parameters<typeof startDecoderProcess>[0]> = {}): DecoderProcess {
  const decoder = startDecoderProcess({ memoryLimit: gigabyte, ...options });
  started.push(decoder);
  return decoder;
}

function jobOf(path: string): DecoderJob {
  return { kind: 'process', path, declaredType: 'image/png', maxSide: 4096, folder };
}

describe('A decoder process', () => {
  let small: DecoderJob;
  let large: DecoderJob;
  beforeAll(async () => {
    small = jobOf(join(folder, 'small'));
    await writeFile(small.path, await encodeAs('image/png', redAndBlue()));
    large = jobOf(join(folder, 'large'));
    await writeFile(large.path, await encodeAs('image/png', plain(10_000, 5_000)));
  });

  it('SECURITY 47: takes only itself down when its decoder crashes', async () => {
    const decoder = start();
    expect(await decoder.run(small, { timeLimitMs })).toMatchObject({ kind: 'Done', result: { kind: 'Encoded' } });
    const outcome = decoder.run(large, { timeLimitMs });
    await turn();
    process.kill(decoder.pid ?? 0, 'SIGSEGV');
    expect(await outcome).toEqual({ kind: 'Crashed', reason: 'SIGSEGV' });
    expect(decoder.isFit()).toBe(false);
    expect(await decoder.run(small, { timeLimitMs })).toMatchObject({ kind: 'NotStarted' });
  });

  it('SECURITY 47: ends itself in the middle of a picture that takes more memory than it may', async () => {
    const decoder = start({ memoryLimit: gigabyte });
    await decoder.run(small, { timeLimitMs });
    expect(await decoder.run(large, { timeLimitMs })).toMatchObject({ kind: 'Done' });
    const poor = start({ memoryLimit: 50 * 1024 ** 2 });
    expect(await poor.run(large, { timeLimitMs })).toEqual({ kind: 'OutOfMemory' });
    await until(() => !poor.isFit());
  });

  it('SECURITY 47: is given up on when it takes too long, even when it listens to nothing any more', async () => {
    const decoder = start({ entry: broken });
    expect(await decoder.run(jobOf('hang'), { timeLimitMs: 1500 })).toEqual({ kind: 'TimedOut' });
    await decoder.stop();
    expect(decoder.isFit()).toBe(false);
    expect(isRunning(decoder)).toBe(false);
  });

  it('tells how it ended, with its last words', async () => {
    expect(await start({ entry: broken }).run(jobOf('exit'), { timeLimitMs })).toEqual({
      kind: 'Crashed',
      reason: '3: free(): invalid pointer',
    });
    expect(await start({ entry: broken }).run(jobOf('end SIGABRT'), { timeLimitMs })).toEqual({ kind: 'Crashed', reason: 'SIGABRT' });
  });

  it('that does not come up is told from one that crashes', async () => {
    expect(await start({ entry: broken, memoryLimit: 1 }).run(small, { timeLimitMs })).toMatchObject({ kind: 'NotStarted' });
    expect(await start({ entry: join(folder, 'missing.js') }).run(small, { timeLimitMs })).toMatchObject({
      kind: 'NotStarted',
      reason: expect.stringContaining('Cannot find module') as unknown,
    });
  });

  it('is not fit for another job when it keeps half of the memory that it may have', async () => {
    const decoder = start({ entry: broken });
    expect(decoder.isFit()).toBe(true);
    await decoder.run(small, { timeLimitMs });
    expect(decoder.isFit()).toBe(true);
    // The real one keeps some 100 MB.
    const real = start({ memoryLimit: 120 * 1024 ** 2 });
    await real.run(small, { timeLimitMs });
    expect(real.isFit()).toBe(false);
  });

  it('SECURITY 52: is given no secret of the environment', async () => {
    const outcome = await start({ entry: broken }).run(jobOf('environment'), { timeLimitMs });
    // Not even `PATH`, which this process has for certain.
    const names = Object.keys(JSON.parse(outcome.kind === 'Failed' ? outcome.message : '') as object);
    expect(names.filter((name) => !/^(NODE_CHANNEL|VIPS|MALLOC|ESBUILD|TSX)/.test(name))).toEqual([]);
  });

  it('ends with a signal of a terminal only when the one that started it does', async () => {
    const decoder = start();
    await decoder.run(small, { timeLimitMs });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(decoder.pid ?? 0, signal);
    expect(await decoder.run(small, { timeLimitMs })).toMatchObject({ kind: 'Done' });
    await decoder.stop();
    expect(isRunning(decoder)).toBe(false);
  });
});

function isRunning({ pid }: DecoderProcess): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return true;
  } catch {
    return false;
  }
}
