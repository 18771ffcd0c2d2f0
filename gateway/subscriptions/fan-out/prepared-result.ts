/** A result that goes to many: serialised, encoded and framed once. */
export interface PreparedResult {
  readonly kind: 'prepared';
  /** In bytes. */
  readonly size: number;
  /** Ids, in small letters, of the users for whom it does not hold. */
  readonly except: ReadonlySet<string>;
  /** The `next` message for the operation `id`, as a WebSocket frame of a server. */
  frame(id: string): Buffer;
  /** As it stands in streams of this format. */
  written(format: ResultFormat): Buffer;
}

/** Writes a result. */
export interface ResultFormat {
  next(payload: Buffer): Buffer;
}

/** `data` is JSON. */
export function prepareResult(data: string, except: ReadonlySet<string>): PreparedResult {
  return preparePayload(`{"data":${data}}`, except);
}

/** `payload` is a JSON object: `{"data": …}`, or what else a result may be. */
export function preparePayload(payload: string, except: ReadonlySet<string> = nobody): PreparedResult {
  const tail = Buffer.from(`${beforePayload}${payload}}`);
  // Most clients number their operations from 1, and so do not differ.
  let last: { readonly id: string; readonly frame: Buffer } | undefined;
  let lastWritten: { readonly format: ResultFormat; readonly bytes: Buffer } | undefined;
  return {
    kind: 'prepared',
    size: tail.length,
    except,
    frame(id) {
      if (last?.id !== id) last = { id, frame: frameText(Buffer.from(`{"id":${JSON.stringify(id)}`), tail) };
      return last.frame;
    },
    written(format) {
      if (lastWritten?.format !== format) lastWritten = { format, bytes: format.next(tail.subarray(beforePayload.length, -1)) };
      return lastWritten.bytes;
    },
  };
}

const nobody: ReadonlySet<string> = new Set();
const beforePayload = ',"type":"next","payload":';

/** One unfragmented text message (RFC 6455, 5.2). */
function frameText(...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([frameHeader(length), ...parts]);
}

function frameHeader(length: number): Buffer {
  if (length < 126) return Buffer.from([finalText, length]);
  if (length < 65_536) {
    const header = Buffer.from([finalText, 126, 0, 0]);
    header.writeUInt16BE(length, 2);
    return header;
  }
  const header = Buffer.from([finalText, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}

const finalText = 0x81;
