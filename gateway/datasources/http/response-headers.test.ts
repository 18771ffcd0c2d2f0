import { describe, expect, it } from '@jest/globals';
import { isJson, readRetryAfter } from './response-headers.js';

describe('Headers of a subgraph', () => {
  it.each(['text/html', 'text/plain; charset=utf-8', 'application/jsonp', 'application/xml', 'multipart/mixed', ''])(
    'that name %s announce no JSON',
    (contentType) => {
      expect(isJson(contentType)).toBe(false);
    },
  );

  it.each([
    undefined,
    'application/json',
    'Application/JSON;charset=utf-8',
    'application/graphql-response+json; charset=utf-8',
    'text/json',
  ])('that name %s may', (contentType) => {
    expect(isJson(contentType)).toBe(true);
  });

  it('say when to come back in seconds or as a date, or nothing of use', () => {
    const now = Date.UTC(2026, 0, 1);
    expect(readRetryAfter('3', now)).toBe(3_000);
    expect(readRetryAfter(new Date(now + 5_000).toUTCString(), now)).toBe(5_000);
    expect(readRetryAfter(new Date(now - 5_000).toUTCString(), now)).toBe(0);
    for (const useless of [undefined, '', 'soon', '-1', '1e99']) expect(readRetryAfter(useless, now)).toBeUndefined();
  });
});
