/** What JSON must escape, and lone surrogates, which UTF-8 cannot say. */
const needsEscape = /[^\u0020\u0021\u0023-\u005b\u005d-\ud7ff\ue000-\uffff]/;

/** A third faster than `JSON.stringify` for the strings that data has. */
export function stringText(value: string): string {
  return needsEscape.test(value) ? JSON.stringify(value) : `"${value}"`;
}

/** For what comes out of JSON; undefined for lists in lists so deep that they can be read and not written, some thousands. */
export function valueText(value: unknown): string | undefined {
  if (typeof value === 'string') return stringText(value);
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
