/** Beyond printable ASCII; `%`, or two values could look the same; blanks at the ends, which HTTP takes away. */
const unsafe = /^ +|[^\x20-\x7e]+|%+| +$/gu;

/** `value` as headers can carry it: percent-encoded UTF-8 where it must be, so `decodeURIComponent` has it back. ASCII stays as it is. */
export function headerText(value: string): string {
  return value.replace(unsafe, (part) => encodeURIComponent(Buffer.from(part).toString()));
}

/** Whether `value` may be sent as a header as it is: Node takes nothing else (RFC 9110, 5.5). */
export function fitsHeader(value: string): boolean {
  return !/[^\t\x20-\x7e\x80-\xff]/.test(value);
}
