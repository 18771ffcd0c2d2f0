/** A subgraph has written more than is taken for one message. */
export class MessageTooLarge extends Error {
  override readonly name = 'MessageTooLarge';
}

/** Cuts bytes into lines, however they arrive. A line ends with CR LF, LF or CR, as in event streams (HTML standard, 9.2.5). */
export interface LineReader {
  /** Takes the first line out of `chunk` from `offset` on; what is no whole line yet is kept for the next call. */
  read(chunk: Buffer, offset: number): { readonly line: Buffer | undefined; readonly offset: number };
  /** What came last, with no end of line behind it. */
  rest(): Buffer;
}

const newLine = 10;
const carriageReturn = 13;
const nothing = Buffer.alloc(0);

/** `read` throws `MessageTooLarge` when a line is longer than `maxBytes`. */
export function createLineReader(maxBytes: number): LineReader {
  // Joined once, at the end of the line: a line that comes byte by byte would otherwise be copied as often as it has bytes.
  let parts: Buffer[] = [];
  let length = 0;
  let skipsNewLine = false;

  function add(part: Buffer): void {
    length += part.length;
    if (length > maxBytes) throw new MessageTooLarge(`A line of more than ${maxBytes} bytes`);
    if (part.length > 0) parts.push(part);
  }

  function take(): Buffer {
    const line = parts.length === 1 ? (parts[0] ?? nothing) : Buffer.concat(parts, length);
    parts = [];
    length = 0;
    return line;
  }

  return {
    read(chunk, offset) {
      // The second half of a CR LF.
      const start = skipsNewLine && chunk[offset] === newLine ? offset + 1 : offset;
      if (offset < chunk.length) skipsNewLine = false;
      const end = endOfLine(chunk, start);
      add(chunk.subarray(start, end));
      if (end === chunk.length) return { line: undefined, offset: end };
      skipsNewLine = chunk[end] === carriageReturn;
      return { line: take(), offset: end + 1 };
    },
    rest: take,
  };
}

/** Of the first line from `start` on; the length of `chunk` when it goes on after it. */
function endOfLine(chunk: Buffer, start: number): number {
  const lf = chunk.indexOf(newLine, start);
  const end = lf === -1 ? chunk.length : lf;
  const cr = chunk.subarray(start, end).indexOf(carriageReturn);
  return cr === -1 ? end : start + cr;
}
