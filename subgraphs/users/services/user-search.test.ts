import { describe, expect, it } from '@jest/globals';
import type { SearchNameRepository } from '../data/search-name-repository.js';
import { createUserSearch } from './user-search.js';

function fakeRepository() {
  const asked: Parameters<SearchNameRepository['findByPrefix']>[] = [];
  const names: SearchNameRepository = {
    findByPrefix(prefix, page) {
      asked.push([prefix, page]);
      return Promise.resolve([]);
    },
  };
  return { asked, search: createUserSearch({ names }) };
}

const cursor = (position: unknown) => Buffer.from(JSON.stringify(position)).toString('base64url');

describe('Searching for users', () => {
  it.each(['', '  ', 'a'.repeat(65), '😀'.repeat(65)])('refuses the query %j', async (query) => {
    const { search, asked } = fakeRepository();
    await expect(search.search(null, query, {})).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(asked).toEqual([]);
  });

  it.each([
    'not a cursor',
    cursor(null),
    cursor(['ada', '01990000-0000-7000-8000-00000000000a']),
    cursor({ name: 'ada', userId: 'none' }),
    cursor({ name: 'a\0', userId: '01990000-0000-7000-8000-00000000000a' }),
  ])('refuses the cursor %s', async (after) => {
    const { search } = fakeRepository();
    await expect(search.search(null, 'a', { after })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it.each([0, -1, 101])('refuses a page of %d', async (first) => {
    const { search } = fakeRepository();
    await expect(search.search(null, 'a', { first })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  it('finds nobody by characters that no name can hold, and does not ask the database', async () => {
    const { search, asked } = fakeRepository();
    for (const query of ['a\0', 'a\uD83D']) expect((await search.search(null, query, {})).names).toEqual([]);
    expect(asked).toEqual([]);
  });

  it('asks for one name more than the page has, from where the cursor stands', async () => {
    const { search, asked } = fakeRepository();
    const position = { name: 'ada', userId: '01990000-0000-7000-8000-00000000000a' };
    await search.search(null, ' 😀'.repeat(32), { first: 1 });
    await search.search(null, 'A', { first: 100, after: cursor(position) });
    expect(asked).toEqual([
      [' 😀'.repeat(32).trimStart(), { viewerId: null, limit: 2, after: null }],
      ['A', { viewerId: null, limit: 101, after: position }],
    ]);
  });
});
