import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createClientStream, type ClientStream } from './client-stream.js';
import { createHeartbeat } from './heartbeat.js';
import { defaultWebSocketLimits } from './limits.js';
import { streamFormats } from './stream-formats.js';

const { pingIntervalMs } = defaultWebSocketLimits;

describe.each(['text/event-stream', 'multipart/mixed'] as const)('SECURITY 39: an answer as %s in which nothing happens', (type) => {
  const format = streamFormats[type];
  let written: string[];
  /** Lets the client read what was written last. */
  let read: (() => void) | undefined;
  let reads: boolean;
  let stream: ClientStream;
  beforeEach(() => {
    jest.useFakeTimers();
    written = [];
    reads = true;
    const response = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, done) {
        written.push(chunk.toString());
        if (reads) done();
        else read = done;
      },
    });
    const heartbeat = createHeartbeat(defaultWebSocketLimits, () => Date.now());
    stream = createClientStream({
      response: Object.assign(response, { writeHead: () => undefined }) as unknown as ServerResponse,
      format,
      limits: { ...defaultWebSocketLimits, highWaterBytes: 10, stallTimeoutMs: 10 * pingIntervalMs },
      heartbeat,
      errorsOf: () => '[]',
      onEnd: () => undefined,
    });
    stream.begin([]);
    written = [];
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  const beat = format.heartbeat.toString();

  it('says that it is there, once an interval', () => {
    jest.advanceTimersByTime(pingIntervalMs - 1);
    expect(written).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(written).toEqual([beat]);
    jest.advanceTimersByTime(2 * pingIntervalMs);
    expect(written).toEqual([beat, beat, beat]);
  });

  it('adds nothing to what its client does not read, and goes on when it does', () => {
    reads = false;
    stream.send('{"data":{"tick":1}}');
    const sent = [...written];
    jest.advanceTimersByTime(pingIntervalMs - 1);
    reads = true;
    expect(written).toEqual(sent);
    jest.advanceTimersByTime(1);
    expect(written).toEqual(sent);
    read?.();
    jest.advanceTimersByTime(pingIntervalMs);
    expect(written).toEqual([...sent, beat]);
  });

  it('is silent when it has ended, and no timer is left of it', () => {
    stream.complete();
    const said = [...written];
    jest.advanceTimersByTime(3 * pingIntervalMs);
    expect(written).toEqual(said);
    expect(jest.getTimerCount()).toBe(0);
  });
});
