import { describe, expect, it } from '@jest/globals';
import { createOneService } from '../tests/one-service.js';
import { createCluster, person, settle } from '../tests/presence-harness.js';

const [ada, bob] = [person('ada'), person('bob')];

describe('What is declared too often', () => {
  const lobby = (text: string) => ({ activity: { kind: 'LOBBY', text } }) as const;

  it('P6: takes effect for the fifth update in 20 s at once, and for the sixth at the end of that time', async () => {
    const { presence, scheduler } = createOneService();
    await presence.heartbeat(ada);
    const textSeen = async () => (await presence.view(bob, ['ada']))[0]?.activity?.text;
    for (const text of ['1', '2', '3', '4', '5']) await presence.update(ada, lobby(text));
    expect(await textSeen()).toBe('5');
    expect(await presence.update(ada, lobby('6'))).toMatchObject({ kind: 'Updated', presence: { activity: { text: '6' } } });
    const merged = await presence.update(ada, { statusMessage: 'seven', availability: 'BUSY' });
    expect(merged).toMatchObject({ presence: { availability: 'BUSY', statusMessage: 'seven', activity: { text: '6' } } });
    expect(await textSeen()).toBe('5');
    scheduler.advance(19_999);
    await settle();
    expect(await textSeen()).toBe('5');
    scheduler.advance(1);
    await settle();
    expect((await presence.view(bob, ['ada']))[0]).toMatchObject({
      availability: 'BUSY',
      statusMessage: 'seven',
      activity: { text: '6' },
    });
  });

  it('P6: is refused as ever when it is not valid, and does not count', async () => {
    const { presence } = createOneService();
    for (let index = 0; index < 10; index += 1) {
      expect((await presence.update(ada, { statusMessage: 'x'.repeat(129) })).kind).toBe('InvalidInput');
    }
    await presence.heartbeat(ada);
    await presence.update(ada, { statusMessage: 'x' });
    expect((await presence.view(bob, ['ada']))[0]?.statusMessage).toBe('x');
  });

  it.each([
    [{ availability: 'AWAY' }, 'AWAY'],
    [{ availability: 'BUSY' }, 'BUSY'],
    [{ availability: 'ONLINE' }, 'ONLINE'],
    [{ statusMessage: 'hi' }, 'ONLINE'],
  ] as const)('P6: answers what it will be: %j', async (input, availability) => {
    const { presence, scheduler } = createOneService();
    await presence.heartbeat(ada);
    for (let index = 0; index < 5; index += 1) await presence.update(ada, {});
    expect(await presence.update(ada, input)).toMatchObject({ presence: { availability } });
    await presence.heartbeat(ada);
    scheduler.advance(20_000);
    await settle();
    expect((await presence.view(ada, ['ada']))[0]).toMatchObject({ availability });
  });

  it('P6: ends with the session when it goes offline, but for what is the user’s own', async () => {
    const { presence, scheduler } = createOneService();
    await presence.heartbeat(ada);
    for (let index = 0; index < 5; index += 1) await presence.update(ada, {});
    await presence.update(ada, { ...lobby('never seen'), statusMessage: 'seen' });
    await presence.goOffline(ada);
    scheduler.advance(20_000);
    await settle();
    await presence.heartbeat(ada);
    expect((await presence.view(ada, ['ada']))[0]).toMatchObject({ availability: 'ONLINE', activity: null, statusMessage: 'seen' });
  });

  it('P6: counts as often whichever process it comes to, and in the end the last of it holds', async () => {
    const { nodes, pass, close } = createCluster();
    const [one, other] = nodes;
    await one.heartbeat(ada);
    const textSeen = async () => (await other.view(bob, ['ada']))[0]?.activity?.text;
    for (const text of ['1', '2', '3', '4', '5']) await (Number(text) % 2 === 0 ? one : other).update(ada, lobby(text));
    await one.update(ada, lobby('6'));
    await pass(1_000);
    expect(await other.update(ada, lobby('7'))).toMatchObject({ presence: { activity: { text: '7' } } });
    await one.update(ada, { statusMessage: 'eight' });
    expect(await textSeen()).toBe('5');
    await one.heartbeat(ada);
    await pass(19_000, 500);
    expect((await other.view(bob, ['ada']))[0]).toMatchObject({ activity: { text: '7' }, statusMessage: 'eight' });
    await one.heartbeat(ada);
    await pass(20_000, 500);
    expect(await textSeen()).toBe('7');
    await close();
  });

  it('P6: does not undo what another device has said of the user meanwhile', async () => {
    const { presence, scheduler } = createOneService();
    await presence.heartbeat(ada);
    for (let index = 0; index < 5; index += 1) await presence.update(ada, {});
    await presence.update(ada, { statusMessage: 'earlier', visibility: 'FRIENDS' });
    await presence.update(person('ada', 'laptop'), { statusMessage: 'later' });
    scheduler.advance(20_000);
    await settle();
    expect((await presence.view(ada, ['ada']))[0]).toMatchObject({ statusMessage: 'later', visibility: 'FRIENDS' });
  });

  it('P6: takes effect though the store could not be asked in time, or has lost what it kept', async () => {
    const { nodes, stores, pass, settings, close } = createCluster();
    for (let index = 0; index < 5; index += 1) await nodes[1].update(ada, {});
    await nodes[1].update(ada, { statusMessage: 'kept' });
    stores[1].setDown(true);
    await pass(30_000, 500);
    expect(settings.rows.get('ada')?.settings.statusMessage).toBeUndefined();
    // Nothing is known of it any more.
    await pass(20_000, 500);
    await nodes[0].update(bob, {});
    stores[1].setDown(false);
    await pass(1_000);
    expect(settings.rows.get('ada')?.settings.statusMessage).toBe('kept');
    await close();
  });

  it('P4: does not hold up a goOffline, and what is the user’s own is not lost when that fails', async () => {
    const { nodes, stores, settings } = createCluster();
    const store = { ...stores[0] };
    const asked: string[] = [];
    let isFailing = false;
    Object.assign(stores[0], {
      takeInput(...given: Parameters<typeof store.takeInput>) {
        asked.push('takeInput');
        return store.takeInput(...given);
      },
      endSession(...given: Parameters<typeof store.endSession>) {
        asked.push('endSession');
        return isFailing ? Promise.reject(new Error('down')) : store.endSession(...given);
      },
    });
    await nodes[0].heartbeat(ada);
    for (const text of ['1', '2', '3', '4', '5', 'sixth']) await nodes[0].update(ada, { statusMessage: text });
    asked.length = 0;
    expect(await nodes[0].goOffline(ada)).toMatchObject({ availability: 'OFFLINE', statusMessage: 'sixth' });
    expect(asked).toEqual(['endSession', 'takeInput']);
    for (const text of ['7', '8', '9', '10', '11', 'last']) await nodes[0].update(bob, { statusMessage: text });
    isFailing = true;
    await expect(nodes[0].goOffline(bob)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(settings.rows.get('bob')?.settings.statusMessage).toBe('last');
  });

  it('P6: is not lost when the process stops', async () => {
    const { presence, settings } = createOneService();
    for (let index = 0; index < 5; index += 1) await presence.update(ada, { statusMessage: `${index}` });
    await presence.update(ada, { statusMessage: 'last' });
    await presence.close();
    expect(settings.rows.get('ada')?.settings.statusMessage).toBe('last');
  });

  it('costs the store nothing for the sixth heartbeat in 20 s, which keeps the session online all the same', async () => {
    const { presence, store, scheduler, availability } = createOneService();
    let told = 0;
    store.listen({ onChange: () => (told += 1) });
    for (let index = 0; index < 5; index += 1) {
      await presence.heartbeat(ada);
      await presence.goOffline(ada);
    }
    expect(told).toBe(10);
    expect((await presence.heartbeat(ada)).availability).toBe('OFFLINE');
    expect(told).toBe(10);
    scheduler.advance(20_000);
    await settle();
    expect(await availability('ada')).toBe('ONLINE');
  });
});

describe('Without a socket', () => {
  it('a heartbeat keeps a session online for 45 s, and counts as one device however often it comes', async () => {
    const { presence, availability, scheduler } = createOneService();
    await presence.heartbeat(ada);
    scheduler.advance(15_000);
    expect((await presence.heartbeat(ada)).devices).toBe(1);
    scheduler.advance(44_999);
    expect(await availability('ada')).toBe('ONLINE');
    scheduler.advance(1);
    expect(await availability('ada')).toBe('OFFLINE');
  });

  it('goOffline works at once, and lasts until the next subscription or heartbeat', async () => {
    const { presence, watch, availability, scheduler } = createOneService();
    await watch(ada, ['bob']);
    expect((await presence.goOffline(ada)).availability).toBe('OFFLINE');
    scheduler.advance(15_000);
    await settle();
    expect(await availability('ada')).toBe('OFFLINE');
    await presence.heartbeat(ada);
    expect(await availability('ada')).toBe('ONLINE');
  });

  it.each(['heartbeat', 'goOffline'] as const)('%s is refused to an anonymous caller', async (method) => {
    await expect(createOneService().presence[method](null)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});
