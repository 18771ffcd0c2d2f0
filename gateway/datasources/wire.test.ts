import { describe, expect, it } from '@jest/globals';
import { readWireResult } from './wire.js';

const pathOf = (path: unknown) => readWireResult({ data: null, errors: [{ message: 'No', path }] })?.errors?.[0]?.path;

describe('The path of an error of a subgraph', () => {
  it.each(['_entities', {}, ['a', null], ['a', {}], null])('is left out when it is none: %j', (path) => {
    expect(pathOf(path)).toBeUndefined();
  });

  it.each([
    [
      ['_entities', '0', 'name'],
      ['_entities', 0, 'name'],
    ],
    [
      ['list', '12', 'a1', '3'],
      ['list', 12, 'a1', 3],
    ],
    [
      ['list', 0, '_1', '-1', '1.5', ''],
      ['list', 0, '_1', '-1', '1.5', ''],
    ],
  ])('has numbers for indices, however they were written: %j', (path, read) => {
    expect(pathOf(path)).toEqual(read);
  });
});
