import { describe, expect, it } from '@jest/globals';
import { defaultSettings } from '../../presence/presence.js';
import { createOneService } from './tests/one-service.js';
import { person, settle } from './tests/presence-harness.js';

const [ada, bob] = [person('ada'), person('bob')];

describe('What others see', () => {
  it('of someone invisible is nothing, also after a restart of the store', async () => {
    const { presence, settings, scheduler } = createOneService();
    await presence.heartbeat(ada);
    scheduler.advance(1_000);
    await settle();
    await presence.update(ada, { visibility: 'NOBODY', statusMessage: 'psst' });
    const hidden = { availability: 'OFFLINE', lastSeenAt: null, statusMessage: null, devices: null, visibility: null };
    expect((await presence.view(bob, ['ada']))[0]).toMatchObject(hidden);
    expect((await presence.view(ada, ['ada']))[0]).toMatchObject({ availability: 'ONLINE', visibility: 'NOBODY', devices: 1 });
    expect(settings.rows.get('ada')?.lastConnectionAt).toBeGreaterThan(0);

    const restarted = createOneService();
    for (const [userId, row] of settings.rows) restarted.settings.rows.set(userId, row);
    expect((await restarted.presence.view(bob, ['ada']))[0]).toMatchObject(hidden);
    await restarted.presence.heartbeat(ada);
    expect((await restarted.presence.view(bob, ['ada']))[0]).toMatchObject(hidden);
  });

  it('of someone who was online before the store began is when, also when they have changed their settings since', async () => {
    const { presence, settings } = createOneService();
    const lastConnectionAt = Date.UTC(2026, 10, 19, 8, 30);
    settings.rows.set('ada', { settings: defaultSettings, lastConnectionAt });
    expect((await presence.view(bob, ['ada']))[0]).toMatchObject({ availability: 'OFFLINE', lastSeenAt: lastConnectionAt });
    await presence.update(ada, { statusMessage: 'hi' });
    expect((await presence.view(bob, ['ada']))[0]).toMatchObject({ availability: 'OFFLINE', lastSeenAt: lastConnectionAt });
  });

  it('SECURITY 46: of someone blocked, either way, is that of a user of whom nothing is known', async () => {
    const { presence, watch, scheduler, settings } = createOneService([], ['bob']);
    const { leave } = await watch(bob, ['bob']);
    await presence.update(bob, { statusMessage: 'Come in', activity: { kind: 'LOBBY', text: 'Chess' } });
    const [unknown] = await presence.view(ada, ['nobody here']);
    expect(await presence.view(ada, ['bob'])).toEqual([{ ...unknown, userId: 'bob' }]);
    await leave(1000);
    scheduler.advance(600_000);
    await settle();
    expect(settings.rows.get('bob')?.lastConnectionAt).not.toBeNull();
    expect(await presence.view(ada, ['bob'])).toEqual([{ ...unknown, userId: 'bob' }]);
  });

  it('SECURITY 46: of someone blocked, either way, never changes for a follower, and stands where that of anybody else would', async () => {
    const { presence, watch } = createOneService([], ['bob']);
    const follower = await watch(ada, ['x', 'bob', 'y']);
    expect((await follower.next()).entries.map(({ userId, availability }) => [userId, availability])).toEqual([
      ['x', 'OFFLINE'],
      ['bob', 'OFFLINE'],
      ['y', 'OFFLINE'],
    ]);
    await presence.heartbeat(bob);
    await presence.heartbeat(person('y'));
    expect((await follower.next()).entries.map(({ userId }) => userId)).toEqual(['y']);
  });

  it('of someone who shows themself to friends is for friends alone', async () => {
    const [toFriend, toStranger] = [createOneService(['ada']), createOneService()];
    for (const { presence } of [toFriend, toStranger]) {
      await presence.update(ada, { visibility: 'FRIENDS' });
      await presence.heartbeat(ada);
    }
    expect([await toFriend.availability('ada', bob), await toFriend.availability('ada', null)]).toEqual(['ONLINE', 'OFFLINE']);
    expect(await toStranger.availability('ada', bob)).toBe('OFFLINE');
  });
});
