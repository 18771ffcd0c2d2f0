import { readWireEvent } from '../subscription-wire.js';
import { createLineReader, MessageTooLarge } from './line-reader.js';
import type { StreamReader, StreamReaderOptions } from './stream-reader.js';

/**
 * Reads an event stream (HTML standard, 9.2.6) as the "distinct connections mode" of GraphQL over SSE: `next` with a result, `complete`.
 * Comments are heartbeats. An event without a name is a `next`, as some servers write it; others are left out.
 */
export function createServerSentEventsReader({ maxMessageBytes, onMessage }: StreamReaderOptions): StreamReader {
  const lines = createLineReader(maxMessageBytes);
  let event: string | undefined;
  let data: string[] | undefined;
  /** Of the lines of this event. */
  let bytes = 0;
  let isFirstLine = true;
  let hasEnded = false;

  function dispatch(): void {
    const [name, text] = [event ?? 'next', data?.join('\n')];
    const isNamed = event !== undefined;
    event = undefined;
    data = undefined;
    bytes = 0;
    if (name === 'next' && text !== undefined) onMessage(readWireEvent(JSON.parse(text)));
    // Also without data, unlike in browsers: the protocol asks for none.
    else if (name === 'complete' && isNamed) {
      hasEnded = true;
      onMessage({ kind: 'complete' });
    }
  }

  function readLine(line: Buffer): void {
    if (line.length === 0) {
      dispatch();
      return;
    }
    bytes += line.length;
    if (bytes > maxMessageBytes) throw new MessageTooLarge(`An event of more than ${maxMessageBytes} bytes`);
    const colon = line.indexOf(':');
    const name = line.toString('utf8', 0, colon === -1 ? line.length : colon);
    if (name !== 'event' && name !== 'data') {
      // Comments do not belong to the event.
      bytes -= line.length;
      return;
    }
    const value = colon === -1 ? '' : line.toString('utf8', line[colon + 1] === space ? colon + 2 : colon + 1);
    if (name === 'event') event = value === '' ? undefined : value;
    else (data ??= []).push(value);
  }

  return {
    push(chunk) {
      let offset = 0;
      while (!hasEnded && offset < chunk.length) {
        const { line, offset: next } = lines.read(chunk, offset);
        offset = next;
        if (line === undefined) return;
        readLine(isFirstLine ? withoutByteOrderMark(line) : line);
        isFirstLine = false;
      }
    },
    // An event without the empty line behind it does not count.
    finish: () => undefined,
  };
}

const space = 32;
const byteOrderMark = Buffer.from('\ufeff');

function withoutByteOrderMark(line: Buffer): Buffer {
  return line.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? line.subarray(byteOrderMark.length) : line;
}
