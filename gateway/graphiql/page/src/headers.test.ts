import { describe, expect, it } from '@jest/globals';
import { authorizationOf, emptyHeaders, sendableHeaders } from './headers.js';

describe('The Headers tab', () => {
  it.each(['', ' ', 'Bearer', 'Bearer ', 'bearer   '])('never sends the empty authorization "%s"', (value) => {
    expect(sendableHeaders({ Authorization: value })).toEqual({});
  });

  it('sends nothing of what it begins with', () => {
    expect(sendableHeaders(JSON.parse(emptyHeaders) as Record<string, unknown>)).toEqual({});
  });

  it('leaves out what is not text', () => {
    expect(sendableHeaders({ 'x-number': 1, 'x-null': null, 'x-request-id': 'abc' })).toEqual({ 'x-request-id': 'abc' });
  });

  it('finds the authorization for a subscription whatever its case', () => {
    expect(authorizationOf(sendableHeaders({ authorization: 'Bearer abc' }))).toBe('Bearer abc');
    expect(authorizationOf({ 'x-other': '1' })).toBeNull();
  });
});
