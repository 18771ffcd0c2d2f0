import { describe, expect, it } from '@jest/globals';
import { readBodyPayload, readUrlPayload } from './read-payload.js';

const body = (text: string) => readBodyPayload(Buffer.from(text));
const message = (result: ReturnType<typeof body>) => (result.kind === 'refused' ? `${result.status} ${result.message}` : 'taken');
const nothing = { operationName: undefined, variables: undefined, extensions: undefined };

describe('A body', () => {
  it.each([
    ['', /400 .*empty/],
    ['{"query', /400 .*not valid JSON/],
    ['"{ a }"', /400 .*JSON object/],
    ['null', /400 .*JSON object/],
    ['17', /400 .*JSON object/],
    ['[]', /400 Lists of operations/],
    ['[{"query":"{ a }"}]', /400 Lists of operations/],
    ['{"query":17}', /400 "query" must be a string/],
    ['{"query":["{ a }"]}', /400 "query"/],
    ['{"query":"{ a }","variables":[]}', /400 "variables" must be an object or null\.$/],
    ['{"query":"{ a }","variables":"{}"}', /400 "variables".* not JSON in a string/],
    ['{"query":"{ a }","variables":true}', /400 "variables"/],
    ['{"query":"{ a }","operationName":1}', /400 "operationName"/],
    ['{"query":"{ a }","operationName":{}}', /400 "operationName"/],
    ['{"query":"{ a }","extensions":[]}', /400 "extensions"/],
    ['{"query":"{ a }","extensions":"x"}', /400 "extensions"/],
  ])('of %s is refused, and the reason names what is wrong', (text, reason) => {
    expect(message(body(text))).toMatch(reason);
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['a character cut off', [0xe2, 0x82]],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a slash in two bytes', [0xc0, 0xaf]],
  ])('with %s is not valid UTF-8, and nothing is put in its place', (_name, bytes) => {
    const text = Buffer.concat([Buffer.from('{"query":"{ a }","operationName":"'), Buffer.from(bytes), Buffer.from('"}')]);
    expect(message(readBodyPayload(text))).toBe('400 The body is not valid UTF-8.');
  });

  it('with null for everything that may be missing is taken as if it were missing', () => {
    expect(body('{"query":null,"operationName":null,"variables":null,"extensions":null}')).toEqual({
      kind: 'payload',
      payload: { query: undefined, ...nothing },
    });
  });

  it('may begin with a byte order mark, and have keys that nobody knows', () => {
    expect(body('\u{feff}{"query":"{ a }","operationName":"","id":1}')).toEqual({
      kind: 'payload',
      payload: { query: '{ a }', ...nothing },
    });
  });

  it('SECURITY 42: keeps keys that objects inherit as values like any other', () => {
    const read = body('{"query":"{ a }","__proto__":{"variables":{"a":1}},"variables":{"__proto__":{"b":1},"constructor":2}}');
    const variables = read.kind === 'payload' ? (read.payload.variables ?? {}) : {};
    expect(Object.keys(variables)).toEqual(['__proto__', 'constructor']);
    expect('b' in variables).toBe(false);
    expect(body('{"query":"{ a }","__proto__":{"variables":{"a":1}}}')).toMatchObject({ payload: { variables: undefined } });
    expect(body('{"__proto__":{"query":"{ a }"}}')).toMatchObject({ payload: { query: undefined } });
  });

  it('keeps lone surrogates that JSON writes as escapes, which are valid in it', () => {
    expect(body('{"query":"{ a }","variables":{"a":"\\ud800"}}')).toMatchObject({ payload: { variables: { a: '\ud800' } } });
  });
});

describe('A URL', () => {
  it.each([
    ['?query={a}&query={b}', /400 .*"query" stands in the URL more than once/],
    ['?query={a}&variables={', /400 .*"variables" is not valid JSON/],
    ['?query={a}&variables=[]', /400 "variables"/],
    ['?query={a}&variables=17', /400 "variables"/],
    ['?query={a}&extensions="x"', /400 "extensions"/],
  ])('ending in %s is refused, and the reason names what is wrong', (search, reason) => {
    expect(message(readUrlPayload(search))).toMatch(reason);
  });

  it('says the same as a body, and an empty parameter says nothing', () => {
    const search = `?query=${encodeURIComponent('query A($b: Int) { c }')}&operationName=A&variables=${encodeURIComponent('{"b":1}')}&other=1`;
    expect(readUrlPayload(search)).toEqual({
      kind: 'payload',
      payload: { query: 'query A($b: Int) { c }', operationName: 'A', variables: { b: 1 }, extensions: undefined },
    });
    expect(readUrlPayload('?query={a}&operationName=&variables=&extensions=')).toMatchObject({ payload: nothing });
    expect(readUrlPayload('')).toMatchObject({ payload: { query: undefined } });
    expect(readUrlPayload('?query=%E0%A4%A')).toMatchObject({ kind: 'payload' });
  });
});
