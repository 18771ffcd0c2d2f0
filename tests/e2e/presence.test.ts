import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { availableWays, startGalaxia, type Galaxia } from '../testkit/product/galaxia.js';
import { text, type Json } from '../testkit/product/graphql-client.js';
import { registerPerson, type Person } from '../testkit/product/person.js';
import { openInitialisedSocket, openSocket, type Socket } from '../testkit/gateway/socket.js';

/** Grace of a socket that was lost, and of one that was closed in order; see PRESENCE P4. Some time is added for a busy machine. */
const lostGraceMs = 15_000;
const closedGraceMs = 3_000;
const leewayMs = 5_000;

describe.each(await availableWays())('Presence, %s', (way) => {
  let galaxia: Galaxia;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    galaxia = await startGalaxia(way);
  }, 90_000);
  afterAll(async () => {
    for (const { ws } of sockets) ws.terminate();
    await galaxia.stop();
  });

  async function watching(viewer: Person, people: readonly Person[]): Promise<Socket> {
    const socket = await viewer.watch(people);
    sockets.push(socket);
    return socket;
  }

  async function nextMessage(socket: Socket, withinMs?: number): Promise<Json> {
    const frame = await socket.next(withinMs);
    expect(frame).toMatchObject({ type: 'next', id: 'presence' });
    expect(frame.payload?.errors).toBeUndefined();
    const message = frame.payload?.data?.presence;
    if (message === undefined) throw new Error(`no presence in ${JSON.stringify(frame)}`);
    return message;
  }

  it('refuses an anonymous subscriber with an error, and a bad token with 4403', async () => {
    const anonymous = await openInitialisedSocket(galaxia.url);
    sockets.push(anonymous);
    anonymous.send({ type: 'subscribe', id: 'a', payload: { query: 'subscription { presence(input: { userIds: [] }) { __typename } }' } });
    expect(JSON.stringify(await anonymous.next())).toContain('UNAUTHENTICATED');
    const bad = await openSocket(galaxia.url);
    bad.send({ type: 'connection_init', payload: { authorization: 'Bearer nonsense' } });
    expect(await bad.closed()).toMatchObject({ code: 4403 });
  });

  it('sends a snapshot first, then tells who comes online, with fields of every subgraph', async () => {
    const [alice, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
    await bob.ask('mutation { updateProfile(input: { displayName: "Bob the Great" }) { __typename } }');
    const view = await watching(alice, [bob]);
    expect(await nextMessage(view)).toMatchObject({
      __typename: 'PresenceSnapshot',
      entries: [
        {
          availability: 'OFFLINE',
          lastSeenAt: null,
          user: { id: bob.id, username: bob.username, displayName: 'Bob the Great', avatar: null },
        },
      ],
    });
    await watching(bob, [alice]);
    expect(await nextMessage(view)).toMatchObject({
      __typename: 'PresenceChanged',
      entries: [{ availability: 'ONLINE', user: { id: bob.id, username: bob.username, displayName: 'Bob the Great', avatar: null } }],
    });
  });

  it('follows the others when one of the ids is nobody’s', async () => {
    const [alice, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
    const view = await alice.watch([{ id: '01a1fb80-0000-7000-8000-000000000000' }, bob]);
    sockets.push(view);
    expect(await nextMessage(view)).toMatchObject({ __typename: 'PresenceSnapshot', entries: [{ user: { id: bob.id } }] });
  });

  it('follows what the user says of themselves', async () => {
    const [alice, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
    const view = await watching(alice, [bob]);
    await nextMessage(view);
    await nextMessage(await watching(bob, [alice]));
    expect(await nextMessage(view)).toMatchObject({ entries: [{ availability: 'ONLINE' }] });
    await bob.ask('mutation { updatePresence(input: { availability: BUSY, statusMessage: "raiding" }) { __typename } }');
    expect(await nextMessage(view)).toMatchObject({ entries: [{ availability: 'BUSY', statusMessage: 'raiding' }] });
    await bob.ask('mutation { updatePresence(input: { visibility: NOBODY }) { __typename } }');
    expect(await nextMessage(view)).toMatchObject({ entries: [{ availability: 'OFFLINE', statusMessage: null, lastSeenAt: null }] });
  });

  it('keeps a user online while a second device is, and says nothing of the first one leaving', async () => {
    const [alice, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
    const phone = await bob.signInAgain('Phone');
    const view = await watching(alice, [bob]);
    await nextMessage(view);
    const first = await watching(bob, [alice]);
    await nextMessage(first);
    expect(await nextMessage(view)).toMatchObject({ entries: [{ availability: 'ONLINE' }] });
    const second = await watching(phone, [alice]);
    await nextMessage(second);
    first.ws.close(1000);
    await expect(view.next(closedGraceMs + 1_000)).rejects.toThrow('No frame');
    second.ws.close(1000);
    expect(await nextMessage(view, closedGraceMs + leewayMs)).toMatchObject({ entries: [{ availability: 'OFFLINE' }] });
  });

  it('says nothing of a socket that is lost and back within the grace, and OFFLINE once when it stays away', async () => {
    const [alice, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
    const view = await watching(alice, [bob]);
    await nextMessage(view);
    const first = await watching(bob, [alice]);
    await nextMessage(first);
    await nextMessage(view);
    first.ws.terminate();
    const second = await watching(bob, [alice]);
    await nextMessage(second);
    await expect(view.next(2_000)).rejects.toThrow('No frame');
    const lostAt = Date.now();
    second.ws.terminate();
    expect(await nextMessage(view, lostGraceMs + leewayMs)).toMatchObject({ entries: [{ availability: 'OFFLINE' }] });
    expect(Date.now() - lostAt).toBeGreaterThan(lostGraceMs - 1_000);
    expect(view.pending()).toEqual([]);
  }, 60_000);

  it('takes a user offline at once when they say so or sign out', async () => {
    const [alice, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
    const view = await watching(alice, [bob]);
    await nextMessage(view);
    await nextMessage(await watching(bob, [alice]));
    await nextMessage(view);
    await bob.ask('mutation { logout { __typename } }');
    expect(await nextMessage(view, closedGraceMs)).toMatchObject({ entries: [{ availability: 'OFFLINE' }] });
  });

  it('closes the sockets of an ended session with 4403 within two seconds', async () => {
    const [alice, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
    const phone = await bob.signInAgain('Phone');
    const socket = await watching(phone, [alice]);
    await nextMessage(socket);
    await bob.ask('mutation ($id: ID!) { endSession(input: { id: $id }) { __typename } }', { id: phone.sessionId });
    expect(await socket.closed(2_000)).toMatchObject({ code: 4403 });
  });

  it('resumes with every difference since the cursor', async () => {
    const [alice, bob, carol] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia), registerPerson(galaxia)]);
    const view = await watching(alice, [bob, carol]);
    const snapshot = await nextMessage(view);
    view.ws.terminate();
    await nextMessage(await watching(bob, [alice]));
    const again = await alice.watch([bob, carol], text(snapshot.cursor));
    sockets.push(again);
    expect(await nextMessage(again)).toMatchObject({
      __typename: 'PresenceChanged',
      entries: [{ availability: 'ONLINE', user: { id: bob.id } }],
    });
  });
});
