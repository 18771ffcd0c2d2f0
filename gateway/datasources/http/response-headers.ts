/** Whether the body may be JSON. Servers that say nothing about it are believed by what they send. */
export function isJson(contentType: string | undefined): boolean {
  return contentType === undefined || /^(application\/json|text\/json|[^;,]+\+json)\s*(;|$)/i.test(contentType);
}

/** `retry-after` (RFC 9110, 10.2.3), in seconds or as a date, as ms from `now`; undefined when it says nothing. */
export function readRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  // Date.parse takes much for a date, such as "-1".
  const at = value.endsWith(' GMT') ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
