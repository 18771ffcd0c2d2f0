import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { until } from '../../tests/testkit/until.js';
import type { Increment, IncrementalResult } from '../execution/deferred/incremental-result.js';
import { defaultWebSocketLimits } from '../subscriptions/limits.js';
import { sendParts } from './send-parts.js';

/** A client that reads what it is told to. */
function createReader() {
  const waiting: (() => void)[] = [];
  let text = '';
  let reads = false;
  const connection = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      if (reads) done();
      else waiting.push(done);
    },
  });
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const socket: unknown = connection;
  response.assignSocket(socket as Socket);
  return {
    response,
    text: () => text,
    read() {
      reads = true;
      for (const done of waiting.splice(0)) done();
    },
  };
}

/** Increments of so many characters. */
function later(sizes: readonly number[]): IncrementalResult & { readonly asked: () => number } {
  let asked = 0;
  return {
    first: { data: '{}', errors: [] },
    plan: { kind: 'QueryPlan' },
    hasNext: true,
    asked: () => asked,
    next(): Promise<Increment> {
      const size = sizes[asked] ?? 0;
      asked += 1;
      const part = { label: undefined, path: ['a'], data: `{"x":"${'x'.repeat(size)}"}`, errors: [] };
      return Promise.resolve({ parts: [part], hasNext: asked < sizes.length });
    },
  };
}

const options = { headers: [], mask: () => [] };
const limits = { ...defaultWebSocketLimits, closeTimeoutMs: 1 };

describe('Parts of an answer', () => {
  it('wait while their client does not read', async () => {
    const reader = createReader();
    const parts = later([100_000, 100_000, 10]);
    const sent = sendParts('{"data":{}}', parts, { ...options, response: reader.response, limits });
    await until(() => parts.asked() === 2, 'the second part to be there');
    await new Promise((resolve) => setImmediate(resolve));
    // One is on its way, and one waits.
    expect(parts.asked()).toBe(2);
    expect(reader.response.writableLength).toBeLessThan(101_000);
    reader.read();
    expect(await sent).toEqual({ errors: [], hasLeft: false });
    expect(reader.text().match(/"incremental"/g)).toHaveLength(3);
    expect(reader.text()).toContain('"hasNext":false}\r\n-----\r\n');
  });

  it('end when their client does not read for too long', async () => {
    const reader = createReader();
    const parts = later([100_000, 100_000, 10]);
    const impatient = { ...options, response: reader.response, limits: { ...limits, stallTimeoutMs: 1 } };
    expect(await sendParts('{"data":{}}', parts, impatient)).toEqual({ errors: [], hasLeft: true });
    expect(parts.asked()).toBe(2);
  });

  it('are not even begun for a client that is gone', async () => {
    const reader = createReader();
    reader.response.destroy();
    const parts = later([10]);
    expect(await sendParts('{"data":{}}', parts, { ...options, response: reader.response, limits })).toEqual({ errors: [], hasLeft: true });
    expect(parts.asked()).toBe(0);
  });
});
