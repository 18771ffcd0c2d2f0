import { describe, expect, it } from '@jest/globals';
import { isPreflighted } from './cross-site.js';

describe('SECURITY 28: a request that a browser asks about before a page of another site may send it', () => {
  it.each([
    undefined,
    '',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'foo/bar',
    'message/rfc822',
    'application/graphql',
    'text/plain, application/json',
    'application/json, text/plain',
    'text/plain; x=application/json',
    'application/json; charset=utf-16',
    'application/jsonp',
    ';application/json',
  ])('is none by the content type %j', (type) => {
    expect(isPreflighted({ 'content-type': type })).toBe(false);
    expect(isPreflighted({ 'content-type': type, 'apollo-require-preflight': '' })).toBe(false);
  });

  it.each(['application/json', 'Application/JSON', 'application/json; charset=utf-8', 'application/json;charset="UTF-8"'])(
    'is one by the content type %j',
    (type) => {
      expect(isPreflighted({ 'content-type': type })).toBe(true);
    },
  );

  it.each(['apollo-require-preflight', 'x-apollo-operation-name'])('is one by %s, whatever its content type', (name) => {
    expect(isPreflighted({ [name]: 'x', 'content-type': 'text/plain' })).toBe(true);
  });
});
