import { describe, expect, it } from '@jest/globals';
import { GraphQLError } from 'graphql';
import type { SelectedPlace } from '../selected-errors.js';
import { createPartErrors } from './part-errors.js';

const everything = { select: (errors: readonly GraphQLError[]) => errors, isMissingAny: () => false };
const at = (...path: (string | number)[]) => ({ path }) as unknown as SelectedPlace;
const error = (...path: (string | number)[]) => new GraphQLError(path.join('.'), { path });
const told = (errors: readonly GraphQLError[]) => errors.map(({ message }) => message);

describe('The errors of a part', () => {
  it('are those within its object, of its own fetches and of those before it', () => {
    const own = [error('users', 1), error('users', 1, 'score'), error('users', 10, 'score'), new GraphQLError('everywhere')];
    const known = [error('users', 1), error('users', 1, 'name'), error('users'), error('1', 'users', 1)];
    const errorsOf = createPartErrors({ own, known }, everything, {});
    expect(told(errorsOf(at('users', 1), true))).toEqual(['users.1.name', 'everywhere', 'users.1', 'users.1.score']);
    expect(told(errorsOf(at('users', 10), false))).toEqual(['users.10.score']);
    expect(told(errorsOf(at('users', '1'), false))).toEqual([]);
    expect(told(errorsOf(at(), false))).toHaveLength(7);
  });

  it('SECURITY 41: are found without looking through those of all other objects', () => {
    let looks = 0;
    const own = Array.from({ length: 1_000 }, (_, n) =>
      Object.defineProperty(error('users', n, 'score'), 'path', { get: () => ((looks += 1), ['users', n, 'score']) }),
    );
    const errorsOf = createPartErrors({ own, known: [] }, everything, {});
    for (let n = 0; n < 1_000; n += 1) expect(errorsOf(at('users', n), n === 0)).toEqual([own[n]]);
    expect(looks).toBeLessThan(20_000);
  });
});
