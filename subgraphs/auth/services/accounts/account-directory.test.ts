import { describe, expect, it } from '@jest/globals';
import { NIL as nobody } from 'uuid';
import type { Role } from '../../../../shared/auth/role.js';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import { newAccountState, type Account, type AccountRepository } from '../../data/account-repository.js';
import { createAccountDirectory } from './account-directory.js';

/** `hidden` are the ids of those who block the viewer. */
function createSubject(accounts: readonly Account[], { viewer = null, hidden = [] }: { viewer?: Viewer | null; hidden?: string[] } = {}) {
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
  const relations = {
    hiddenFrom(_viewerId: string, ids: readonly string[]) {
      queries.push(`blocks ${String(ids.length)}`);
      return Promise.resolve(new Set(ids.filter((each) => hidden.includes(each))));
    },
  };
  return { queries, directory: createAccountDirectory({ accounts: repository, relations, viewer }) };
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
const viewerOf = (number: number, ...roles: readonly Role[]): Viewer => ({
  userId: id(number),
  username: `Person_${String(number)}`,
  sessionId: 'session',
  roles,
  authenticatedAt: 0,
  expiresAt: 0,
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

  it('does not know who blocks the viewer, by id and by name, at the price of one whom nobody knows', async () => {
    const answers = await Promise.all(
      [person(2), undefined].map(async (other) => {
        const options = { viewer: viewerOf(1, 'USER'), hidden: [id(2)] };
        const { directory, queries } = createSubject([person(1), ...(other === undefined ? [] : [other])], options);
        return { found: [await directory.byId(id(2)), await directory.byUsername('PERSON_2')], queries };
      }),
    );
    expect(answers[0]).toEqual({ found: [null, null], queries: ['ids 1', 'blocks 1', 'names 1', 'blocks 1'] });
    expect(answers[0]).toEqual(answers[1]);
  });

  it.each(['MODERATOR', 'ADMIN'] as const)('knows everybody for a viewer who is %s', async (role) => {
    const { directory, queries } = createSubject([person(2)], { viewer: viewerOf(1, 'USER', role), hidden: [id(2)] });
    expect([await directory.byId(id(2)), await directory.byUsername('person_2')]).toMatchObject([{ id: id(2) }, { id: id(2) }]);
    expect(queries).toEqual(['ids 1', 'names 1']);
  });

  it('asks for no block when somebody looks at themselves, or when nobody looks', async () => {
    const self = createSubject([person(1)], { viewer: viewerOf(1, 'USER'), hidden: [id(1), nobody] });
    expect([await self.directory.me(), await self.directory.byUsername('person_1')]).toMatchObject([{ id: id(1) }, { id: id(1) }]);
    const anonymous = createSubject([person(1)], { hidden: [id(1)] });
    expect(await anonymous.directory.byId(id(1))).toMatchObject({ id: id(1) });
    expect([self.queries, anonymous.queries]).toEqual([['ids 1', 'names 1'], ['ids 1']]);
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
