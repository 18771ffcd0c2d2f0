import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { createRequestChunks } from './request-chunks.js';

const limits = { maxBytes: 1_000_000, stallMs: 60_000 };
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe('The body of a request with files', () => {
  it('SECURITY 41: is read a chunk at a time, when somebody wants it', async () => {
    let made = 0;
    function* source(): Generator<Buffer> {
      for (; made < 1_000; made += 1) yield Buffer.alloc(1_000);
    }
    const body = Readable.from(source(), { objectMode: false, highWaterMark: 1_000 });
    const chunks = createRequestChunks(body, limits)[Symbol.asyncIterator]();
    await turns();
    const ahead = made;
    expect(ahead).toBeLessThan(5);
    await chunks.next();
    await turns();
    expect(made).toBeLessThan(ahead + 3);
  });

  it('SECURITY 35: may have as many bytes as the limit says, and not one more', async () => {
    const read = async (bytes: number): Promise<number> => {
      let count = 0;
      for await (const chunk of createRequestChunks(Readable.from([Buffer.alloc(bytes)]), { ...limits, maxBytes: 1_000 }))
        count += chunk.length;
      return count;
    };
    await expect(read(1_001)).rejects.toThrow('more than 1000 bytes');
    expect(await read(1_000)).toBe(1_000);
  });

  it('ends at once for whoever waits when nobody is to read any more', async () => {
    const chunks = createRequestChunks(new Readable({ read: () => undefined }), limits);
    const next = chunks[Symbol.asyncIterator]().next();
    chunks.stop();
    await expect(next).rejects.toThrow('Nobody reads');
  });

  it('that breaks off is no whole one', async () => {
    const body = new Readable({ read: () => undefined });
    const next = createRequestChunks(body, limits)[Symbol.asyncIterator]().next();
    body.destroy();
    await expect(next).rejects.toThrow('breaks off');
  });
});
