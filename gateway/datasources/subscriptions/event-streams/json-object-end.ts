/** Finds the end of a JSON object while it arrives. */
export interface JsonObjectEnd {
  /** Index behind the object's last byte in `chunk`, seen from `offset` on; undefined when it goes on in the next chunk. */
  find(chunk: Buffer, offset: number): number | undefined;
}

const quote = 0x22;
const backslash = 0x5c;
const opening: ReadonlySet<number | undefined> = new Set([0x7b, 0x5b]);
const closing: ReadonlySet<number | undefined> = new Set([0x7d, 0x5d]);

/** Counts brackets outside of strings; whether it is JSON at all is for its parser to say. The first byte must open the object. */
export function createJsonObjectEnd(): JsonObjectEnd {
  let depth = 0;
  let isInString = false;
  let isEscaped = false;
  return {
    find(chunk, offset) {
      for (let index = offset; index < chunk.length; index++) {
        const byte = chunk[index];
        if (isEscaped) isEscaped = false;
        else if (isInString) {
          if (byte === quote) isInString = false;
          else if (byte === backslash) isEscaped = true;
        } else if (byte === quote) isInString = true;
        else if (opening.has(byte)) depth += 1;
        else if (closing.has(byte) && --depth === 0) return index + 1;
      }
      return undefined;
    },
  };
}
