/** Appends `value`, an integer from 0 to 2^53 - 1: seven bits a byte, the lowest first. */
export function writeVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
}

export interface VarintReader {
  /** The next value; undefined at the end, and for what is none. */
  read(): number | undefined;
  isAtEnd(): boolean;
}

export function createVarintReader(bytes: Uint8Array): VarintReader {
  let position = 0;
  return {
    read() {
      let value = 0;
      for (let factor = 1; ; factor *= 0x80) {
        const byte = bytes[position];
        position += 1;
        if (byte === undefined) return undefined;
        value += (byte & 0x7f) * factor;
        if (value > Number.MAX_SAFE_INTEGER) return undefined;
        if (byte < 0x80) return value;
      }
    },
    isAtEnd: () => position >= bytes.length,
  };
}
