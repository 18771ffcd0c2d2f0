import { describe, expect, it } from '@jest/globals';
import { acceptsParts, isJson, negotiate } from './media-types.js';

const json = 'application/json';
const graphql = 'application/graphql-response+json';

describe('The type of an answer', () => {
  it.each([
    'text/html',
    'application/xml, text/*',
    'application/json;q=0',
    'application/json; charset=latin1',
    '*/*;q=0',
    'application/*;q=0, application/json;q=nothing',
    '',
    ';;;,,,',
  ])('is none for a client that accepts "%s"', (accept) => {
    expect(negotiate(accept)).toBeUndefined();
  });

  it.each([
    [undefined, json],
    ['*/*', json],
    ['application/*', json],
    ['application/json', json],
    ['Application/JSON; Charset="UTF-8"', json],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', json],
    ['application/json, multipart/mixed', json],
    [graphql, graphql],
    [`${graphql}; charset=utf-8, application/json; charset=utf-8`, graphql],
    [`application/json, ${graphql}`, json],
    [`application/json;q=0.9, ${graphql}`, graphql],
    [`${graphql};q=0.5, */*`, json],
    [`${graphql}, */*`, graphql],
    [`application/json;q=0, */*`, graphql],
  ])('is the one that a client likes best, of "%s"', (accept, type) => {
    expect(negotiate(accept)).toBe(type);
  });
});

describe('An answer', () => {
  const mixed = 'multipart/mixed';
  it.each([
    undefined,
    '*/*',
    json,
    'multipart/*',
    `${mixed};subscriptionSpec=1.0`,
    `${mixed};deferSpec=20250101`,
    `${mixed};incrementalSpec=v0.2, ${json}`,
    `${mixed};foo=bar, ${json}`,
    `${mixed};boundary="-", ${json}`,
    `${mixed};q=0`,
    `${mixed};q=0.5, ${json}`,
  ])('does not come in parts to a client that accepts "%s"', (accept) => {
    expect(acceptsParts(accept)).toBe(false);
  });

  it.each([
    mixed,
    `${mixed};q=0.9, ${json};q=0.9`,
    `${mixed};deferSpec=20220824, ${json}`,
    `Multipart/Mixed; boundary=graphql; DeferSpec="20220824", ${json}`,
    `${mixed};incrementalSpec=v0.2, ${mixed};deferSpec=20220824, ${json}`,
  ])('comes in parts to one that accepts "%s"', (accept) => {
    expect(acceptsParts(accept)).toBe(true);
  });
});

describe('A body', () => {
  it.each([undefined, '', 'text/plain', 'application/graphql', 'application/json; charset=utf-16', 'application/jsonp', 'json'])(
    'of the type "%s" is not read',
    (type) => {
      expect(isJson(type)).toBe(false);
    },
  );

  it.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON;charset="UTF-8"', 'application/json; profile=x'])(
    'of the type "%s" is',
    (type) => {
      expect(isJson(type)).toBe(true);
    },
  );
});
