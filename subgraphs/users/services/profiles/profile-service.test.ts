import { describe, expect, it } from '@jest/globals';
import type { Role } from '../../../../shared/auth/role.js';
import type { Viewer } from '../../../../shared/auth/viewer.js';
import type { ProfileRepository, ProfileUpdate } from '../../data/profile-repository.js';
import { createProfileAccess } from './profile-access.js';
import { createProfileService } from './profile-service.js';
import { noRelation, type Relation } from '../friends/relation.js';
import type { Profile } from './profile.js';

const ada = '01990000-0000-7000-8000-00000000000a';
const bob = '01990000-0000-7000-8000-00000000000b';

function viewerOf(userId: string, ...roles: readonly Role[]): Viewer {
  return { userId, username: 'ada', sessionId: 'session', roles, authenticatedAt: 0, expiresAt: 0 };
}

/** `relation` is how everyone stands to everyone. */
function fakeRepository(stored: readonly Profile[] = [], relation: Relation = noRelation) {
  const asked: (readonly string[])[] = [];
  const updates: ProfileUpdate[] = [];
  const profiles: ProfileRepository = {
    findByUserIds(userIds) {
      asked.push(userIds);
      return Promise.resolve(stored.filter((profile) => userIds.includes(profile.userId)));
    },
    update(update) {
      updates.push(update);
      return Promise.resolve();
    },
  };
  const relations = { find: (_userId: string, others: readonly string[]) => Promise.resolve(new Map(others.map((id) => [id, relation]))) };
  const access = createProfileAccess({ profiles, relations });
  return { profiles, asked, updates, service: createProfileService({ profiles, access, onAnnounced: () => undefined, now: () => 5 }) };
}

function profile(visibility: Profile['visibility']): Profile {
  return { userId: ada, displayName: 'Ada L.', bio: 'Numbers', locale: 'en', timeZone: 'UTC', visibility };
}

describe('Viewing profiles', () => {
  it.each([
    ['an anonymous caller', null, 'NOBODY'],
    ['an anonymous caller', null, 'FRIENDS'],
    ['another user', viewerOf(bob), 'NOBODY'],
    ['another user', viewerOf(bob), 'FRIENDS'],
  ] as const)('hides from %s (%p) all but the name when the visibility is %s', async (_who, viewer, visibility) => {
    const { service } = fakeRepository([profile(visibility)]);
    expect(await service.view(viewer, [ada])).toEqual([
      { userId: ada, displayName: 'Ada L.', bio: null, locale: null, timeZone: null, visibility: null },
    ]);
  });

  it('hides from a friend all but the name when the visibility is NOBODY', async () => {
    const { service } = fakeRepository([profile('NOBODY')], { ...noRelation, friendsSince: new Date(0) });
    expect(await service.view(viewerOf(bob), [ada])).toMatchObject([{ displayName: 'Ada L.', bio: null, timeZone: null }]);
  });

  it.each([
    ['sent', { requestSentAt: new Date(0) }],
    ['received', { requestReceivedAt: new Date(0) }],
  ])('takes nobody for a friend because a request was %s', async (_direction, part) => {
    const { service } = fakeRepository([profile('FRIENDS')], { ...noRelation, ...part });
    expect(await service.view(viewerOf(bob), [ada])).toMatchObject([{ displayName: 'Ada L.', bio: null }]);
  });

  it.each([
    ['who has blocked the viewer', { blockedByOtherAt: new Date(0) }],
    ['whom the viewer has blocked', { blockedAt: new Date(0) }],
  ])('SECURITY 46: shows of a user %s nothing that is stored, not even the name', async (_who, part) => {
    const { service } = fakeRepository([profile('EVERYONE')], { ...noRelation, ...part });
    expect(await service.view(viewerOf(bob), [ada])).toEqual([
      { userId: ada, displayName: null, bio: null, locale: null, timeZone: null, visibility: null },
    ]);
  });

  it.each(['MODERATOR', 'ADMIN'] as const)('lets nobody get out of the sight of the %s by a block', async (role) => {
    const { service } = fakeRepository([profile('EVERYONE')], { ...noRelation, blockedByOtherAt: new Date(0) });
    expect(await service.view(viewerOf(bob, 'USER', role), [ada])).toMatchObject([{ displayName: 'Ada L.', bio: 'Numbers' }]);
    const hidden = fakeRepository([profile('NOBODY')], { ...noRelation, blockedByOtherAt: new Date(0) });
    expect(await hidden.service.view(viewerOf(bob, 'USER', role), [ada])).toMatchObject([{ displayName: 'Ada L.', bio: null }]);
  });

  it('shows a friend a profile for friends', async () => {
    const { service } = fakeRepository([profile('FRIENDS')], { ...noRelation, friendsSince: new Date(0) });
    expect(await service.view(viewerOf(bob), [ada])).toMatchObject([{ bio: 'Numbers', timeZone: 'UTC', visibility: null }]);
  });

  it.each([null, viewerOf(bob)])('shows others a profile for everyone, but not who may read it', async (viewer) => {
    const { service } = fakeRepository([profile('EVERYONE')]);
    expect(await service.view(viewer, [ada])).toEqual([
      { userId: ada, displayName: 'Ada L.', bio: 'Numbers', locale: 'en', timeZone: 'UTC', visibility: null },
    ]);
  });

  it.each(['EVERYONE', 'FRIENDS', 'NOBODY'] as const)('shows the user everything when the visibility is %s', async (visibility) => {
    const { service } = fakeRepository([profile(visibility)]);
    expect(await service.view(viewerOf(ada), [ada])).toEqual([profile(visibility)]);
  });

  it('answers the default profile for a user without one, in the order asked', async () => {
    const { service } = fakeRepository([profile('EVERYONE')]);
    const views = await service.view(viewerOf(bob), [bob, ada]);
    expect(views.map(({ displayName, visibility }) => [displayName, visibility])).toEqual([
      [null, 'EVERYONE'],
      ['Ada L.', null],
    ]);
  });

  it('does not ask the database for ids that cannot be any', async () => {
    const { service, asked } = fakeRepository();
    const [view] = await service.view(null, ["' OR 1=1 --"]);
    expect(view?.bio).toBeNull();
    expect(asked).toEqual([[]]);
  });
});

describe('Changing the profile', () => {
  it('is refused to an anonymous caller, whatever the input', async () => {
    const { service, updates } = fakeRepository();
    await expect(service.update(null, { displayName: '' })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(updates).toEqual([]);
  });

  it('stores nothing when the input is refused', async () => {
    const { service, updates } = fakeRepository();
    expect((await service.update(viewerOf(ada), { displayName: 'Ada', bio: 'a'.repeat(501) })).kind).toBe('InvalidInput');
    expect(updates).toEqual([]);
  });

  it('stores nothing when nothing is to change', async () => {
    const { service, updates } = fakeRepository();
    expect(await service.update(viewerOf(ada), {})).toEqual({ kind: 'Updated', userId: ada });
    expect(updates).toEqual([]);
  });

  it('changes the profile of the viewer and nobody else', async () => {
    const { service, updates } = fakeRepository();
    expect(await service.update(viewerOf(ada), { displayName: ' Ada ' })).toEqual({ kind: 'Updated', userId: ada });
    expect(updates).toEqual([{ userId: ada, username: 'ada', change: { displayName: 'Ada' }, at: new Date(5) }]);
  });
});
