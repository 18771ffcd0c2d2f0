import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { createRequestChunks } from './request-chunks.js';

const limits = { maxBytes: 1_000_000, stallMs: 60_000, minBytesPerSecond: 10 };
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

  describe('SECURITY 41: of a slow client', () => {
    /** Sends pieces of so many bytes, each after so many ms for which it is waited for; answers how many were read, and why no more. */
    async function send(...pieces: readonly (readonly [bytes: number, afterMs: number])[]): Promise<readonly [number, string | undefined]> {
      let time = 0;
      const body = new Readable({ read: () => undefined });
      const chunks = createRequestChunks(body, { ...limits, stallMs: 10_000, minBytesPerSecond: 100, now: () => time })[
        Symbol.asyncIterator
      ]();
      let read = 0;
      try {
        for (const [bytes, afterMs] of pieces) {
          const next = chunks.next();
          time += afterMs;
          body.push(Buffer.alloc(bytes));
          await next;
          read += 1;
          // What its reader takes for itself is not the client's.
          time += 1_000_000;
        }
        return [read, undefined];
      } catch (error) {
        return [read, error instanceof Error ? error.message : String(error)];
      }
    }
    const slow = 'The form came more slowly than 100 bytes per second.';

    it('is given up when it is behind the rate by more than it may be silent', async () => {
      expect(await send([1, 10_001])).toEqual([0, 'Nothing more of the form came within 10000 ms.']);
      // Behind by 9,990 ms, and by a little more.
      expect(await send([1, 10_000], [1, 11])).toEqual([1, slow]);
      expect(await send([1, 5_000], [1, 5_011])).toEqual([1, slow]);
      expect(await send([100, 3_000], [100, 3_000], [100, 3_000], [100, 3_000], [100, 3_000])).toEqual([4, slow]);
    });

    it('goes on as long as it is not', async () => {
      expect(await send([1, 10_000], [1, 10], [1, 10])).toEqual([3, undefined]);
      expect(await send(...Array.from({ length: 50 }, () => [100, 1_000] as const))).toEqual([50, undefined]);
      expect(await send([100, 10_000], [100, 1_000], [100, 1_000])).toEqual([3, undefined]);
    });

    it('gains nothing for later by having been fast', async () => {
      expect(await send([900_000, 1], [1, 9_999], [1, 12])).toEqual([2, slow]);
      expect(await send([900_000, 1], [1, 9_999], [1, 11])).toEqual([3, undefined]);
    });
  });
});
