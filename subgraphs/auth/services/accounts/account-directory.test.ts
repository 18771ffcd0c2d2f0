import { describe, expect, it } from '@jest/globals';
import { newAccountState, type Account, type AccountRepository } from '../../data/account-repository.js';
import { createAccountDirectory } from './account-directory.js';

function createSubject(accounts: readonly Account[]) {
  const queries: string[] = [];
  const repository: Pick<AccountRepository, 'findByIds' | 'findByUsernames'> = {
    findByIds(ids) {
      queries.push(`ids ${String(ids.length)}`);
      return Promise.resolve(accounts.filter(({ id }) => ids.includes(id)));
    },
    findByUsernames(names) {
      queries.push(`names ${String(names.length)}`);
      return Promise.resolve(accounts.filter(({ username }) => names.includes(username.toLowerCase())));
    },
  };
  return { queries, directory: createAccountDirectory(repository, null) };
}

const id = (number: number) => `019aa000-0000-7000-8000-${String(number).padStart(12, '0')}`;
const person = (number: number): Account => ({
  id: id(number),
  username: `Person_${String(number)}`,
  email: null,
  roles: ['USER'],
  createdAt: new Date(0),
  ...newAccountState,
});

describe('the account directory', () => {
  it('asks the database for nothing that cannot exist', async () => {
    const { directory, queries } = createSubject([]);
    for (const nonsense of ['', 'x', '__proto__', '019aa000', `${id(1)}0`, '\u0000'])
      await expect(directory.byId(nonsense)).resolves.toBeNull();
    for (const nonsense of ['', '1abc', '__proto__', 'a b', 'a'.repeat(25), 'nul\u0000']) {
      await expect(directory.byUsername(nonsense)).resolves.toBeNull();
    }
    await expect(directory.me()).resolves.toBeNull();
    expect(queries).toEqual([]);
  });

  it('makes one query of a hundred look-ups by id, whatever their case, and one of those by name', async () => {
    const people = Array.from({ length: 50 }, (_, number) => person(number));
    const { directory, queries } = createSubject(people);
    const [byId, byName] = await Promise.all([
      Promise.all(people.flatMap((each) => [directory.byId(each.id), directory.byId(each.id.toUpperCase())])),
      Promise.all(people.map(({ username }) => directory.byUsername(username.toUpperCase()))),
    ]);
    expect(byId.map((user) => user?.id)).toEqual(people.flatMap((each) => [each.id, each.id]));
    expect(byName.map((user) => user?.username)).toEqual(people.map(({ username }) => username));
    expect(queries.sort()).toEqual(['ids 50', 'names 50']);
  });
});
