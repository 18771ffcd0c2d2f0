import { describe, expect, it } from '@jest/globals';
import { entityTagOf, hasAlready } from './entity-tag.js';

const tag = entityTagOf('{"data":{}}', 'application/json');

describe('The tag of an answer', () => {
  it('is one that HTTP allows, and another one for other bytes or another type', () => {
    expect(tag).toMatch(/^"[\w-]{43}"$/);
    expect(entityTagOf('{"data":{}}', 'application/json')).toBe(tag);
    expect(entityTagOf('{"data":null}', 'application/json')).not.toBe(tag);
    expect(entityTagOf('{"data":{}}', 'application/graphql-response+json')).not.toBe(tag);
  });

  it.each([undefined, '', '"other"', tag.slice(1, -1), `${tag}x`, `"a, ${tag.slice(1)}`, '"*"', 'W/'])(
    'is none that a client with %p has',
    (ifNoneMatch) => {
      expect(hasAlready(ifNoneMatch, tag)).toBe(false);
    },
  );

  it.each([tag, `W/${tag}`, `"a", W/"b",${tag}`, '*', ' * '])('is one that a client with %p has', (ifNoneMatch) => {
    expect(hasAlready(ifNoneMatch, tag)).toBe(true);
  });
});
