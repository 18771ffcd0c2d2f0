import { readWireEvent } from '../subscription-wire.js';
import type { UpstreamMessage } from '../../subgraph-data-source.js';
import { readWireError } from '../../wire.js';
import { createJsonObjectEnd, type JsonObjectEnd } from './json-object-end.js';
import { createLineReader, MessageTooLarge } from './line-reader.js';
import type { StreamReader, StreamReaderOptions } from './stream-reader.js';
import { isJsonObject } from '../../../../shared/json/json-object.js';

/** Of a line outside of bodies: boundaries, headers, and whatever stands before the first part. */
const maxLineBytes = 8 * 1024;
const maxHeaders = 20;

type State =
  /** Before the first part, and between a body and the boundary behind it. */
  | { readonly kind: 'outside' }
  | { readonly kind: 'headers'; count: number }
  /** Behind the headers, before the first byte of the object. */
  | { readonly kind: 'before body' }
  | { readonly kind: 'body'; readonly end: JsonObjectEnd; readonly parts: Buffer[]; bytes: number }
  | { readonly kind: 'over' };

/**
 * Reads `multipart/mixed` (RFC 2046, 5.1) as Apollo's protocol for subscriptions: each part is a JSON object with a `payload`, which is a
 * result, or `{}`, a heartbeat. A part is through with its last bracket: many servers write the boundary behind it only with the next part.
 */
export function createMultipartReader(boundary: string, { maxMessageBytes, onMessage }: StreamReaderOptions): StreamReader {
  const lines = createLineReader(maxLineBytes);
  const [delimiter, lastDelimiter] = [`--${boundary}`, `--${boundary}--`];
  let state: State = { kind: 'outside' };

  function end(message: UpstreamMessage): void {
    state = { kind: 'over' };
    onMessage(message);
  }

  function readLine(line: Buffer): void {
    if (state.kind === 'headers') {
      if (line.length === 0) state = { kind: 'before body' };
      else if (++state.count > maxHeaders) throw new MessageTooLarge(`A part with more than ${maxHeaders} headers`);
      return;
    }
    const text = line.toString('latin1').trimEnd();
    if (text === delimiter) state = { kind: 'headers', count: 0 };
    else if (text === lastDelimiter) end({ kind: 'complete' });
  }

  /** Returns the offset behind what was read. */
  function readBody(body: Extract<State, { kind: 'body' }>, chunk: Buffer, offset: number): number {
    const found = body.end.find(chunk, offset);
    const next = found ?? chunk.length;
    body.bytes += next - offset;
    if (body.bytes > maxMessageBytes) throw new MessageTooLarge(`A part of more than ${maxMessageBytes} bytes`);
    body.parts.push(chunk.subarray(offset, next));
    if (found === undefined) return next;
    state = { kind: 'outside' };
    readPart(JSON.parse(Buffer.concat(body.parts, body.bytes).toString('utf8')));
    return next;
  }

  function readPart(part: unknown): void {
    if (!isJsonObject(part)) throw new Error('A part that is no object');
    if (Object.keys(part).length === 0) return;
    const errors: readonly unknown[] = Array.isArray(part.errors) ? part.errors : [];
    if (part.payload === null) end(errors.length === 0 ? { kind: 'complete' } : { kind: 'error', errors: errors.map(readWireError) });
    else if (part.payload === undefined) onMessage(readWireEvent(part));
    else {
      onMessage(readWireEvent(part.payload));
      // Beside a payload they are the transport's, after which there is nothing.
      if (errors.length > 0) end({ kind: 'error', errors: errors.map(readWireError) });
    }
  }

  /** Returns the offset behind what was read. */
  function read(chunk: Buffer, offset: number): number {
    if (state.kind === 'body') return readBody(state, chunk, offset);
    if (state.kind === 'before body') {
      const byte = chunk[offset];
      if (byte === brace) state = { kind: 'body', end: createJsonObjectEnd(), parts: [], bytes: 0 };
      else if (byte === hyphen) state = { kind: 'outside' };
      else if (byte === undefined || !whiteSpace.has(byte)) throw new Error('A part that is no object');
      else return offset + 1;
      return offset;
    }
    const { line, offset: next } = lines.read(chunk, offset);
    if (line !== undefined) readLine(line);
    return next;
  }

  return {
    push(chunk) {
      let offset = 0;
      while (state.kind !== 'over' && offset < chunk.length) offset = read(chunk, offset);
    },
    finish() {
      // The last line may have no end.
      if (state.kind === 'outside') readLine(lines.rest());
    },
  };
}

const brace = 0x7b;
const hyphen = 0x2d;
const whiteSpace: ReadonlySet<number> = new Set([9, 10, 13, 32]);
