import type { ServerResponse } from 'node:http';
import type { IncrementalResult } from '../execution/deferred/incremental-result.js';
import { withNext, writeIncrement, type MaskErrors } from '../execution/deferred/write-increment.js';
import { createClientStream, type ClientStream } from '../subscriptions/client-stream.js';
import type { Heartbeat } from '../subscriptions/heartbeat.js';
import type { WebSocketLimits } from '../subscriptions/limits.js';
import type { StreamFormat } from '../subscriptions/stream-formats.js';

/**
 * Incremental delivery over multipart HTTP as of August 2022, which Apollo Client and urql read. A part counts for its readers
 * when the boundary behind it is there, so that it is written with the part.
 */
export const partsFormat: Pick<StreamFormat, 'contentType' | 'start' | 'next' | 'end'> = {
  contentType: 'multipart/mixed;boundary="-";deferSpec=20220824',
  start: Buffer.from('\r\n---'),
  next: (payload) => Buffer.concat([partStart, payload, partEnd]),
  end: () => lastWords,
};
const partStart = Buffer.from('\r\nContent-Type: application/json; charset=utf-8\r\n\r\n');
const partEnd = Buffer.from('\r\n---');
const lastWords = Buffer.from('--\r\n');

export interface PartsOptions {
  readonly response: ServerResponse;
  /** Of the answer, names and values by turns. */
  readonly headers: readonly string[];
  readonly limits: WebSocketLimits;
  readonly mask: MaskErrors;
}

/** What became of an answer in parts. */
export interface SentParts {
  /** Of all parts but the first; not masked. */
  readonly errors: readonly unknown[];
  readonly hasLeft: boolean;
}

/** Sends `first`, a JSON object, and what comes after it, as fast as the client reads. One that does not is cut off. */
export async function sendParts(first: string, later: IncrementalResult, options: PartsOptions): Promise<SentParts> {
  const { response, headers, limits, mask } = options;
  const errors: unknown[] = [];
  const onEnd = (): void => undefined;
  const stream = createClientStream({
    response,
    format: { ...partsFormat, heartbeat: nothing },
    limits,
    heartbeat: still,
    errorsOf,
    onEnd,
  });
  if (response.destroyed) return { errors, hasLeft: true };
  stream.begin(headers);
  stream.send(withNext(first, true));
  let { hasNext } = later;
  while (hasNext) {
    const increment = await Promise.race([later.next(), stream.gone]);
    if (increment === undefined || !(await hasRoom(stream))) return { errors, hasLeft: true };
    hasNext = increment.hasNext;
    for (const part of increment.parts) errors.push(...part.errors);
    stream.send(writeIncrement(increment, mask));
  }
  const hasLeft = stream.leave().code !== 0;
  stream.complete();
  return { errors, hasLeft };
}

/** For a client that takes nothing else than `format`: an answer, a JSON object, that has no other part. */
export function onlyPart(answer: string, format: Pick<StreamFormat, 'start' | 'next' | 'end'>): string {
  const payload = format === partsFormat ? withNext(answer, false) : answer;
  return Buffer.concat([format.start, format.next(Buffer.from(payload)), format.end()]).toString();
}

/** The operation has a deadline, so that nobody takes the connection for dead before. */
const still: Heartbeat = { add: () => undefined, heard: () => undefined, remove: () => undefined };
const nothing = Buffer.alloc(0);
/** Whoever does not read is told nothing. */
const errorsOf = (): string => '[]';

/** False when there is nobody any more. */
async function hasRoom(stream: ClientStream): Promise<boolean> {
  const turn = new Promise<void>((resolve) => {
    if (stream.turn({ onTurn: resolve })) resolve();
  });
  await Promise.race([turn, stream.gone]);
  return stream.leave().code === 0;
}
