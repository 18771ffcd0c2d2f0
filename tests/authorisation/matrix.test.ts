import { describe, expect, it } from '@jest/globals';
import { objectTypes } from './coordinates.js';
import { entries, schemaCoordinates } from './coverage.js';
import { matrixTests } from './matrix-tests.js';
import { noIdentity } from './tables/no-identity.js';

describe('SECURITY 46: the authorisation matrix', () => {
  it('SECURITY 46: has an entry for every field of the schema', () => {
    const known = new Set(entries());
    expect(schemaCoordinates().filter((coordinate) => !known.has(coordinate))).toEqual([]);
  });

  it('SECURITY 46: has no entry for what the schema does not have', () => {
    const known = new Set(schemaCoordinates());
    expect(entries().filter((coordinate) => !known.has(coordinate))).toEqual([]);
    const types = new Set(objectTypes().map(({ name }) => name));
    expect(noIdentity.filter((type) => !types.has(type))).toEqual([]);
  });
});

describe('SECURITY 46: the product in one process', () => matrixTests('all-in-one'));
