import { describe, expect, it } from '@jest/globals';
import { PassThrough, Readable } from 'node:stream';
import { skipRest } from './skip-rest.js';

describe('The rest of a body', () => {
  it('is read to its end', async () => {
    const body = Readable.from([Buffer.alloc(10), Buffer.alloc(10)]);
    await skipRest(body, { maxBytes: 20 });
    expect(body.readableEnded).toBe(true);
    await skipRest(body, { maxBytes: 20 });
  });

  it('is read no further than a byte behind the limit', async () => {
    const body = new PassThrough();
    body.write(Buffer.alloc(20));
    let isOver = false;
    const skipping = skipRest(body, { maxBytes: 20 }).then(() => (isOver = true));
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    body.write(Buffer.alloc(1));
    await skipping;
    expect(body.readableEnded).toBe(false);
  });

  it('is not waited for when nothing comes', async () => {
    const body = new PassThrough();
    await skipRest(body, { maxBytes: 20, silenceMs: 1 });
    expect([body.destroyed, body.listenerCount('data')]).toEqual([false, 0]);
  });

  it('is not waited for when it takes too long, however often something comes', async () => {
    const body = new PassThrough();
    const drip = setInterval(() => body.write('a'), 1);
    await skipRest(body, { maxBytes: 1e9, silenceMs: 60_000, longestMs: 20 });
    clearInterval(drip);
    expect([body.destroyed, body.listenerCount('data')]).toEqual([false, 0]);
  });

  it('is not waited for when its sender is gone', async () => {
    const body = new PassThrough();
    const skipping = skipRest(body, { maxBytes: 20 });
    body.destroy(new Error('aborted'));
    await skipping;
    await skipRest(body, { maxBytes: 20 });
  });
});
