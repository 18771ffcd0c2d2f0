import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { viewPresence } from '../presence/presence-view.js';
import { defaultSettings, type Audience, type ConnectionKey, type PresenceState } from '../presence/presence.js';
import type { PresenceChange, PresenceMoment, PresencePosition, PresenceStore, UserNotice } from '../services/presence/presence-store.js';

/** A store under test, whose clock the test holds. */
export interface PresenceStoreUnderTest {
  readonly store: PresenceStore;
  /** Lets `ms` pass for the store, and what falls due meanwhile happen. */
  advance(ms: number): Promise<void>;
  /** Resolves when everything that has happened has been told to the listeners. */
  settle(): Promise<void>;
}

/** What every presence store must do, however it keeps its state. */
export function describePresenceStore(name: string, create: () => Promise<PresenceStoreUnderTest>): void {
  describe(name, () => {
    let test: PresenceStoreUnderTest;
    let store: PresenceStore;
    let changes: PresenceChange[];
    let notices: { readonly notice: UserNotice; readonly position: PresencePosition }[];

    beforeEach(async () => {
      test = await create();
      ({ store } = test);
      changes = [];
      notices = [];
      store.listen({ onChange: (change) => changes.push(change), onNotice: (notice, position) => notices.push({ notice, position }) });
    });
    afterEach(() => store.close());

    const ada = { userId: 'ada', sessionId: 'phone' };
    const phone: ConnectionKey = { ...ada, connectionId: 'a' };
    const laptop: ConnectionKey = { userId: 'ada', sessionId: 'laptop', connectionId: 'b' };

    async function availability(audience: Audience = 'STRANGER'): Promise<string> {
      const { states } = await store.read(['ada']);
      return states.map((state) => viewPresence(state, audience, 0).availability).join();
    }

    async function momentNow(): Promise<PresenceMoment> {
      return (await store.read(['ada', 'bob', 'eve'])).moment;
    }

    async function told(): Promise<PresenceState[]> {
      await test.settle();
      return changes.splice(0).map(({ state }) => state);
    }

    it('answers for users it has never heard of, in the order asked, all with one version', async () => {
      const { states } = await store.read(['nobody', 'ada', '__proto__']);
      expect(states.map(({ userId }) => userId)).toEqual(['nobody', 'ada', '__proto__']);
      expect(new Set(states.map((state) => JSON.stringify({ ...state, userId: '' }))).size).toBe(1);
      expect(states[0]).toMatchObject({ availability: 'OFFLINE', lastSeenAt: null, settings: null });
    });

    it('ends a lease after 45 s, not before, and tells it once', async () => {
      await store.connect(phone, defaultSettings);
      expect((await told()).map((state) => state.availability)).toEqual(['ONLINE']);
      await test.advance(44_999);
      expect(await availability()).toBe('ONLINE');
      await test.advance(1);
      expect(await availability()).toBe('OFFLINE');
      await test.advance(60_000);
      expect((await told()).map((state) => state.availability)).toEqual(['OFFLINE']);
    });

    it('keeps a lease for as long as it is renewed, and names those it does not know', async () => {
      await store.connect(phone, defaultSettings);
      for (let time = 0; time < 120_000; time += 15_000) {
        await test.advance(15_000);
        expect(await store.renew([phone, laptop])).toEqual([laptop]);
      }
      expect(await availability()).toBe('ONLINE');
      await test.advance(45_000);
      expect(await store.renew([phone])).toEqual([phone]);
      expect(await availability()).toBe('OFFLINE');
    });

    it('tells nobody of a session that comes back inside its grace', async () => {
      await store.connect(phone, defaultSettings);
      await told();
      await store.leave(phone, 15_000);
      await test.advance(14_999);
      await store.connect({ ...phone, connectionId: 'c' }, defaultSettings);
      await test.advance(30_000);
      expect(await told()).toEqual([]);
      expect(await availability()).toBe('ONLINE');
    });

    it('goes offline when the grace is over, and at once without one', async () => {
      await store.connect(phone, defaultSettings);
      await store.leave(phone, 3_000);
      await test.advance(2_999);
      expect(await availability()).toBe('ONLINE');
      await test.advance(1);
      expect(await availability()).toBe('OFFLINE');
      await store.connect(phone, defaultSettings);
      await store.leave(phone, 0);
      expect(await availability()).toBe('OFFLINE');
    });

    it('ignores a client that leaves twice, or never came', async () => {
      await store.leave(phone, 0);
      await store.connect(laptop, defaultSettings);
      await store.leave(phone, 15_000);
      expect(await availability()).toBe('ONLINE');
    });

    it('tells others nothing when one of two devices that look the same leaves', async () => {
      await store.connect(phone, defaultSettings);
      await store.connect(laptop, defaultSettings);
      await test.settle();
      changes.splice(0);
      await store.leave(phone, 0);
      await test.settle();
      expect(changes.map(({ changedFor }) => changedFor)).toEqual([['OWN']]);
    });

    it('takes a session offline with all its connections, and its renewals do not bring it back', async () => {
      await store.connect(phone, defaultSettings);
      await store.connect({ ...phone, connectionId: 'c' }, defaultSettings);
      expect((await store.endSession(ada)).availability).toBe('OFFLINE');
      expect(await store.renew([phone])).toEqual([]);
      expect(await availability()).toBe('OFFLINE');
      expect((await store.connect({ ...phone, connectionId: 'd' }, defaultSettings)).availability).toBe('ONLINE');
    });

    it('ignores settings that are not newer than those it knows', async () => {
      await store.update(ada, { settings: { ...defaultSettings, revision: 2, visibility: 'NOBODY' } });
      await store.connect(phone, { ...defaultSettings, revision: 1 });
      expect([await availability(), await availability('OWN')]).toEqual(['OFFLINE', 'ONLINE']);
      await store.update(ada, { settings: { ...defaultSettings, revision: 3 } });
      expect(await availability()).toBe('ONLINE');
    });

    it('P2: takes a session for idle after 5 min without a message, renewals apart, and not before', async () => {
      await store.connect(phone, defaultSettings);
      for (let time = 0; time < 280_000; time += 40_000) {
        await test.advance(40_000);
        await store.renew([phone]);
      }
      await test.advance(19_999);
      expect(await availability()).toBe('ONLINE');
      await test.advance(1);
      expect(await availability()).toBe('AWAY');
      await store.update(ada, {});
      expect(await availability()).toBe('ONLINE');
    });

    it('P2: says by its own clock since when somebody does something, and shows what began last', async () => {
      const activity = { kind: 'IN_GAME', gameId: 'chess', text: null, joinable: false, data: [] } as const;
      await store.connect(phone, defaultSettings);
      await store.connect(laptop, defaultSettings);
      const before = (await store.update(phone, { activity })).activity;
      await test.advance(1_500);
      const after = (await store.update(laptop, { activity: { ...activity, gameId: 'go' } })).activity;
      expect([before?.gameId, after?.gameId, (after?.since ?? 0) - (before?.since ?? 0)]).toEqual(['chess', 'go', 1_500]);
      await test.advance(1_500);
      expect((await store.update(phone, { activity: { ...activity, text: 'on' } })).activity).toEqual(after);
    });

    it('raises versions and positions with every change, and never lets them go back', async () => {
      for (let round = 0; round < 5; round += 1) {
        await store.connect(phone, defaultSettings);
        await store.update(ada, { isAway: true });
        await store.leave(phone, 0);
      }
      await test.settle();
      const versions = changes.map(({ state }) => state.versions.stranger);
      const offsets = changes.map(({ position }) => position.offset);
      expect(versions).toHaveLength(15);
      expect(new Set(changes.map(({ position }) => position.shard))).toEqual(new Set([store.shardOf('ada')]));
      for (const numbers of [versions, offsets]) expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    });

    it('reads the changes since a moment: each user once, as they are now, for the audience that looks', async () => {
      await store.connect({ userId: 'bob', sessionId: 's', connectionId: 'c' }, defaultSettings);
      const since = await momentNow();
      await store.connect(phone, defaultSettings);
      await store.update(ada, { isAway: true });
      await store.connect({ userId: 'eve', sessionId: 's', connectionId: 'c' }, { ...defaultSettings, revision: 1, visibility: 'NOBODY' });
      const followed = new Map([
        ['ada', 'STRANGER'],
        ['bob', 'STRANGER'],
        ['eve', 'FRIEND'],
      ] as const);
      const changed = await store.readChanges(followed, since);
      expect(changed).toMatchObject({ kind: 'Changes', states: [{ userId: 'ada', availability: 'AWAY' }] });
      expect(await store.readChanges(followed, await momentNow())).toMatchObject({ kind: 'Changes', states: [] });
      expect(await store.readChanges(new Map([['eve', 'OWN']]), since)).toMatchObject({ states: [{ userId: 'eve' }] });
    });

    it('keeps changes for 120 s, and not much longer', async () => {
      const since = await momentNow();
      await store.connect(phone, defaultSettings);
      await store.leave(phone, 0);
      await test.advance(120_000);
      expect((await store.readChanges(new Map([['ada', 'STRANGER']]), since)).kind).toBe('Changes');
      await test.advance(10_000);
      expect((await store.readChanges(new Map([['ada', 'STRANGER']]), since)).kind).toBe('TooOld');
      expect((await store.readChanges(new Map([['ada', 'STRANGER']]), await momentNow())).kind).toBe('Changes');
    });

    it('knows no moment of another epoch', async () => {
      const { offsets } = await momentNow();
      expect(await store.readChanges(new Map([['ada', 'STRANGER']]), { epoch: 'another', offsets })).toEqual({ kind: 'UnknownEpoch' });
    });

    it('knows no moment that has not come yet', async () => {
      const { epoch, offsets } = await momentNow();
      const later = { epoch, offsets: new Map([...offsets].map(([shard, offset]) => [shard, offset + 1])) };
      expect(await store.readChanges(new Map([['ada', 'STRANGER']]), later)).toEqual({ kind: 'UnknownEpoch' });
    });

    it('counts users of a shard that the moment does not name as changed', async () => {
      const { epoch } = await momentNow();
      const changed = await store.readChanges(new Map([['ada', 'STRANGER']]), { epoch, offsets: new Map() });
      expect(changed).toMatchObject({ kind: 'Changes', states: [{ userId: 'ada' }] });
    });

    it('names the shards of the users that were asked for, each with the offset of what was told last', async () => {
      await store.connect(phone, defaultSettings);
      await test.settle();
      const { moment } = await store.read(['ada']);
      const shard = store.shardOf('ada');
      expect(moment.offsets.get(shard)).toBe(changes.at(-1)?.position.offset);
      const changed = await store.readChanges(new Map([['ada', 'OWN']]), moment);
      expect(changed).toMatchObject({ kind: 'Changes', moment, states: [] });
    });

    it('says up to where it has told, what is being told right now included', async () => {
      const shard = store.shardOf('ada');
      const heard: (number | undefined)[] = [];
      const offsets: number[] = [];
      store.listen({
        onChange({ position }) {
          heard.push(store.heard().offsets.get(shard));
          offsets.push(position.offset);
        },
      });
      const before = await store.read(['ada']);
      expect(store.heard()).toMatchObject({ epoch: before.moment.epoch });
      expect(store.heard().offsets.get(shard)).toBe(before.moment.offsets.get(shard));
      await store.connect(phone, defaultSettings);
      await store.leave(phone, 0);
      await test.settle();
      expect([heard.length, heard]).toEqual([2, offsets]);
    });

    it('tells notices in order with the changes of their user, as positions of the same history', async () => {
      const heard: string[] = [];
      const shard = store.shardOf('ada');
      store.listen({
        onChange: ({ state }) => heard.push(state.availability),
        onNotice: ({ kind }, position) => position.shard === shard && heard.push(kind),
      });
      const told: UserNotice[] = [
        { kind: 'RelationChanged', userId: 'ada', otherId: 'bob' },
        { kind: 'SessionChanged', userId: 'ada', sessionId: 'phone' },
        { kind: 'UserDeleted', userId: 'ada' },
      ];
      for (const notice of told) {
        await store.announce(notice);
        await store.connect(phone, defaultSettings);
        await store.leave(phone, 0);
      }
      await test.settle();
      expect(heard).toEqual(told.flatMap(({ kind }) => [kind, 'ONLINE', 'OFFLINE']));
      const ofShard = notices.filter(({ position }) => position.shard === shard);
      expect(ofShard.map(({ notice }) => notice)).toEqual(told);
      const positions = [...ofShard, ...changes].map(({ position }) => position).sort((a, b) => a.offset - b.offset);
      const first = positions[0]?.offset ?? 0;
      expect(positions).toEqual(positions.map((_, index) => ({ shard, offset: first + index })));
    });

    it('P8: tells a change of relation among the changes of both, before what either does next', async () => {
      await store.announce({ kind: 'RelationChanged', userId: 'ada', otherId: 'bob' });
      for (const userId of ['ada', 'bob']) await store.connect({ ...phone, userId }, defaultSettings);
      await test.settle();
      for (const { state, position } of changes) {
        const before = notices.filter((told) => told.position.shard === position.shard && told.position.offset < position.offset);
        expect([state.userId, before.map(({ notice }) => notice.kind)]).toEqual([state.userId, ['RelationChanged']]);
      }
      expect(changes).toHaveLength(2);
    });

    it('P8: renews versions: none is as low as those of before for who changes from friend to stranger or back, and nobody is told', async () => {
      await store.connect(phone, { ...defaultSettings, revision: 1, visibility: 'FRIENDS' });
      await store.update(ada, { isAway: true });
      const versions = async () => (await store.read(['ada', 'bob'])).states.map((state) => state.versions);
      const highest = ({ friend, stranger }: PresenceState['versions']): number => Math.max(friend, stranger);
      const [before, unknown] = await versions();
      const since = await momentNow();
      await test.settle();
      changes.splice(0);
      await store.renewVersions(['ada', 'bob']);
      await store.renewVersions(['ada']);
      const [after, stillUnknown] = await versions();
      if (before === undefined || after === undefined) throw new Error('The store left out a state');
      expect(after).toEqual({ own: before.own, friend: highest(before) + 2, stranger: highest(before) + 2 });
      expect(stillUnknown).toEqual(unknown);
      const followed = new Map([
        ['ada', 'FRIEND'],
        ['bob', 'STRANGER'],
        ['eve', 'STRANGER'],
      ] as const);
      expect(await store.readChanges(followed, since)).toEqual({ kind: 'Changes', moment: await momentNow(), states: [] });
      expect((await momentNow()).offsets.get(store.shardOf('ada'))).toBe(since.offsets.get(store.shardOf('ada')));
      await test.settle();
      expect(changes).toEqual([]);
      const next = await store.update(ada, { settings: { ...defaultSettings, revision: 2 } });
      expect([next.versions.friend, next.versions.stranger]).toEqual([after.friend, after.friend + 1]);
    });

    it('ends leases in time though versions were renewed meanwhile', async () => {
      await store.connect(phone, defaultSettings);
      await test.advance(44_999);
      await store.renewVersions(['ada']);
      expect(await availability()).toBe('ONLINE');
      await test.advance(1);
      expect(await availability()).toBe('OFFLINE');
    });

    it('knows which changes were made here', async () => {
      await store.connect(phone, defaultSettings);
      await test.advance(45_000);
      await test.settle();
      expect(changes.map(({ madeHere }) => madeHere)).toEqual([true, true]);
    });

    describe('keeps of the inputs of a session', () => {
      const text = (value: string) => ({ session: { text: value }, user: {} });
      const status = (value: string) => ({ session: {}, user: { status: value } });
      const laptopOfAda = { userId: 'ada', sessionId: 'laptop' };
      const nothing = { session: {}, user: {} };

      it('P6: what comes on top of the quota, merged, until the first stops counting', async () => {
        expect(await store.takeInput(ada, null, 2)).toEqual({ kind: 'Unknown' });
        expect(await store.takeInput(ada, text('1'), 2)).toEqual({ kind: 'Now', fields: text('1') });
        await test.advance(5_000);
        expect(await store.takeInput(ada, nothing, 2)).toEqual({ kind: 'Now', fields: nothing });
        expect(await store.takeInput(ada, null, 2)).toEqual({ kind: 'Nothing' });
        expect(await store.takeInput(ada, text('2'), 2)).toEqual({ kind: 'Later', fields: text('2'), waitMs: 15_000 });
        await test.advance(14_999);
        const merged = { session: { text: '2' }, user: { status: 'a' } };
        expect(await store.takeInput(ada, status('a'), 2)).toEqual({ kind: 'Later', fields: merged, waitMs: 1 });
        expect(await store.takeInput(ada, null, 2)).toEqual({ kind: 'Later', fields: merged, waitMs: 1 });
        await test.advance(1);
        expect(await store.takeInput(ada, text('3'), 2)).toEqual({ kind: 'Now', fields: { ...merged, session: { text: '3' } } });
        expect(await store.takeInput(ada, null, 2)).toEqual({ kind: 'Nothing' });
        expect(await store.takeInput(ada, text('4'), 2)).toEqual({ kind: 'Later', fields: text('4'), waitMs: 5_000 });
      });

      it('P6: each session’s own apart, and what was said of the user last, by whichever session', async () => {
        await store.takeInput(ada, text('1'), 1);
        await store.takeInput(ada, { session: { text: '2' }, user: { status: 'old', busy: 'true' } }, 1);
        expect(await store.takeInput(laptopOfAda, status('new'), 1)).toEqual({ kind: 'Now', fields: status('new') });
        expect(await store.takeInput({ userId: 'bob', sessionId: 'phone' }, text('1'), 1)).toMatchObject({ kind: 'Now' });
        await test.advance(20_000);
        expect(await store.takeInput(ada, null, 1)).toEqual({ kind: 'Now', fields: { session: { text: '2' }, user: { busy: 'true' } } });
      });

      it('nothing of old', async () => {
        await store.takeInput(ada, text('1'), 1);
        await test.advance(60_000);
        await store.takeInput(laptopOfAda, text('1'), 1);
        await store.takeInput({ userId: 'bob', sessionId: 'phone' }, text('1'), 1);
        expect(await store.takeInput(ada, null, 1)).toEqual({ kind: 'Unknown' });
      });
    });

    it('answers a ping', async () => {
      await expect(store.ping()).resolves.toBeUndefined();
    });

    it('tells a listener that has stopped nothing more', async () => {
      const heard: unknown[] = [];
      const stop = store.listen({ onChange: (change) => heard.push(change), onNotice: (notice) => heard.push(notice) });
      stop();
      await store.connect(phone, defaultSettings);
      await store.announce({ kind: 'UserDeleted', userId: 'ada' });
      await test.settle();
      expect([heard.length, changes.length, notices.length]).toEqual([0, 1, 1]);
    });
  });
}
