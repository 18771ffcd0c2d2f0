import { readdirSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { availableWays, startGalaxia, type Galaxia } from '../testkit/galaxia.js';
import { text } from '../testkit/graphql-client.js';
import { until } from '../testkit/little-supergraph.js';
import { registerPerson, type Person } from '../testkit/person.js';
import { openInitialisedSocket, type Frame, type Socket } from '../testkit/socket.js';

const follow = 'subscription ($userIds: [ID!]) { presence(input: { userIds: $userIds }) { __typename } }';

describe.each(await availableWays())('Sockets and subscriptions of the running product, %s', (way) => {
  let galaxia: Galaxia;
  let alice: Person;
  let bob: Person;
  let bystander: Socket;

  beforeAll(async () => {
    galaxia = await startGalaxia(way);
    [alice, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
    bystander = await bob.watch([alice]);
    await bystander.next();
  }, 90_000);
  afterAll(async () => {
    bystander.ws.terminate();
    await galaxia.stop();
  });

  const subscribe = (id: string, person: Person) => ({
    id,
    type: 'subscribe',
    payload: { query: follow, variables: { userIds: [person.id] } },
  });

  async function snapshots(socket: Socket, count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const frame: Frame = await socket.next(30_000);
      expect(frame).toMatchObject({ type: 'next', payload: { data: { presence: { __typename: 'PresenceSnapshot' } } } });
    }
  }

  /** TCP sockets that the process holds. */
  function sockets(name: 'gateway' | 'sessions'): number {
    const folder = `/proc/${String(galaxia.process(name).child.pid)}/fd`;
    return readdirSync(folder).filter((descriptor) => {
      try {
        return readlinkSync(`${folder}/${descriptor}`).startsWith('socket:');
      } catch {
        // Closed since it was listed.
        return false;
      }
    }).length;
  }

  it('serves a hundred subscriptions of a client over few sockets to the subgraph', async () => {
    const before = sockets('sessions');
    const socket = await openInitialisedSocket(galaxia.url, alice.accessToken);
    for (let n = 0; n < 100; n++) socket.send(subscribe(String(n), bob));
    await snapshots(socket, 100);
    // One to the subgraph, or the client's own in the one process; databases and HTTP may open some more.
    expect(sockets('sessions') - before).toBeLessThan(20);
    socket.ws.close();
  }, 60_000);

  it('leaves no socket behind after 2,000 subscriptions that came and went', async () => {
    const socket = await openInitialisedSocket(galaxia.url, alice.accessToken);
    const cycle = async (round: number): Promise<void> => {
      for (let n = 0; n < 100; n++) socket.send(subscribe(`${round}.${n}`, bob));
      if (round % 2 === 0) await snapshots(socket, 100);
      for (let n = 0; n < 100; n++) socket.send({ type: 'complete', id: `${round}.${n}` });
      // Answered after all of them.
      socket.send({ type: 'ping' });
      while ((await socket.next(30_000)).type !== 'pong');
    };
    await cycle(0);
    const before = [sockets('gateway'), sockets('sessions')];
    for (let round = 1; round <= 20; round++) await cycle(round);
    await until(
      () => sockets('gateway') <= Number(before[0]) + 2 && sockets('sessions') <= Number(before[1]) + 2,
      'the sockets to go',
      30_000,
    );
    socket.ws.close();
  }, 180_000);

  it('leaves no socket behind after 1,000 clients that came and went', async () => {
    const before = [sockets('gateway'), sockets('sessions')];
    for (let round = 0; round < 20; round++) {
      const clients = await Promise.all(Array.from({ length: 50 }, () => openInitialisedSocket(galaxia.url, alice.accessToken)));
      for (const client of clients) client.send(subscribe('1', bob));
      if (round % 2 === 0) for (const client of clients) await snapshots(client, 1);
      for (const [n, { ws }] of clients.entries()) {
        if (n % 2 === 0) ws.terminate();
        else ws.close();
      }
    }
    await until(
      () => sockets('gateway') <= Number(before[0]) + 2 && sockets('sessions') <= Number(before[1]) + 2,
      'the sockets to go',
      30_000,
    );
  }, 180_000);

  it.each<[string, string | Buffer, number]>([
    ['no JSON', '{', 4400],
    ['a list', '[]', 4400],
    ['an unknown type', '{"type":"start"}', 4400],
    ['a binary frame', Buffer.from('{"type":"ping"}'), 4400],
    ['a second connection_init', '{"type":"connection_init"}', 4429],
    ['a frame that is too large', 'x'.repeat(256 * 1024 + 1), 1009],
  ])('closes the socket of a client that sends %s, and no other', async (_name, frame, code) => {
    const socket = await openInitialisedSocket(galaxia.url, alice.accessToken);
    socket.send(subscribe('1', bob));
    await snapshots(socket, 1);
    socket.ws.send(frame);
    expect((await socket.closed()).code).toBe(code);
    bystander.send({ type: 'ping' });
    while ((await bystander.next()).type !== 'pong');
  });
});

/** Only with Redis does presence outlive the process that restarts. */
const distributed = (await availableWays()).filter((way) => way === 'distributed');

(distributed.length > 0 ? describe : describe.skip)('A restart', () => {
  let galaxia: Galaxia;
  beforeAll(async () => {
    galaxia = await startGalaxia('distributed');
  }, 90_000);
  afterAll(() => galaxia.stop());

  it.each(['gateway', 'sessions'] as const)(
    'P5: of %s in order closes the clients with 1012, and nobody who comes back was ever gone',
    async (name) => {
      const [alice, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
      const followed = await bob.watch([alice]);
      await followed.next();
      const view = await alice.watch([bob]);
      const snapshot = (await view.next()).payload?.data?.presence;
      expect(snapshot).toMatchObject({ __typename: 'PresenceSnapshot', entries: [{ availability: 'ONLINE' }] });

      const restarted = galaxia.restart(name);
      for (const socket of [followed, view]) expect(await socket.closed(20_000)).toMatchObject({ code: 1012 });
      await restarted;

      const bobAgain = await bob.watch([alice]);
      await bobAgain.next();
      const again = await alice.watch([bob], text(snapshot?.cursor));
      expect((await again.next()).payload?.data?.presence).toMatchObject({ __typename: 'PresenceChanged', entries: [] });
      // Longer than a lost socket would be waited for.
      await expect(again.next(17_000)).rejects.toThrow('No frame');
      for (const { ws } of [bobAgain, again]) ws.close();
    },
    90_000,
  );

  it('P4: of a gateway that was killed is a loss for all its clients: who stays away is OFFLINE once, after the grace', async () => {
    const [alice, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
    await (await bob.watch([alice])).next();
    const view = await alice.watch([bob]);
    const snapshot = (await view.next()).payload?.data?.presence;
    const lostAt = Date.now();
    await galaxia.process('gateway').stop('SIGKILL');
    await galaxia.restart('gateway');

    const again = await alice.watch([bob], text(snapshot?.cursor));
    expect((await again.next()).payload?.data?.presence).toMatchObject({ __typename: 'PresenceChanged', entries: [] });
    const offline = await again.next(25_000);
    expect(offline.payload?.data?.presence).toMatchObject({ entries: [{ availability: 'OFFLINE', user: { id: bob.id } }] });
    expect(Date.now() - lostAt).toBeGreaterThan(14_000);
    expect(again.pending()).toEqual([]);
    again.ws.close();
  }, 90_000);
});
