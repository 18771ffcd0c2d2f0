import { readdirSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { availableWays, startGalaxia, type Galaxia, type Way } from '../testkit/product/galaxia.js';
import { text } from '../testkit/product/graphql-client.js';
import { until } from '../testkit/until.js';
import { registerPerson, type Person } from '../testkit/product/person.js';
import { openInitialisedSocket, type Frame, type Socket } from '../testkit/gateway/socket.js';

const follow = 'subscription ($userIds: [ID!]) { presence(input: { userIds: $userIds }) { __typename } }';

const ways = await availableWays();
const products = new Map<Way, Galaxia>();

// At the same time: most of it is waiting for processes to start.
beforeAll(async () => {
  await Promise.all(ways.map(async (way) => products.set(way, await startGalaxia(way))));
}, 90_000);
afterAll(async () => {
  await Promise.all([...products.values()].map((galaxia) => galaxia.stop()));
});

function productOf(way: Way): Galaxia {
  const galaxia = products.get(way);
  if (galaxia === undefined) throw new Error(`not started: ${way}`);
  return galaxia;
}

/** What a follower is told, with the time at which it came. */
function listen(view: Socket): readonly { readonly at: number; readonly frame: Frame }[] {
  const told: { at: number; frame: Frame }[] = [];
  view.ws.on('message', (data: Buffer) => told.push({ at: Date.now(), frame: JSON.parse(data.toString()) as Frame }));
  return told;
}

/** Only with Redis does presence outlive the process that restarts. */
const distributed = ways.filter((way) => way === 'distributed');
/** What alice is told after a gateway was killed; the grace runs out while the other tests run. */
let afterKill: {
  readonly lostAt: number;
  readonly carol: Person;
  readonly sockets: readonly Socket[];
  readonly told: ReturnType<typeof listen>;
};

(distributed.length > 0 ? describe : describe.skip)('A restart', () => {
  it('P4, P5: in order closes the clients with 1012, by force it is a loss; who comes back resumes without a difference', async () => {
    const galaxia = productOf('distributed');
    const [alice, bob, carol] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia), registerPerson(galaxia)]);
    const followed = async (person: Person): Promise<Socket> => {
      const socket = await person.watch([alice]);
      await socket.next();
      return socket;
    };
    let others = await Promise.all([followed(bob), followed(carol)]);
    let view = await alice.watch([bob, carol]);
    const snapshot = (await view.next()).payload?.data?.presence;
    expect(snapshot).toMatchObject({ __typename: 'PresenceSnapshot', entries: [{ availability: 'ONLINE' }, { availability: 'ONLINE' }] });
    const comeBack = async (): Promise<void> => {
      view = await alice.watch([bob, carol], text(snapshot?.cursor));
      expect((await view.next()).payload?.data?.presence).toMatchObject({ __typename: 'PresenceChanged', entries: [] });
    };

    for (const name of ['gateway', 'sessions'] as const) {
      const restarted = galaxia.restart(name);
      for (const socket of [...others, view]) expect(await socket.closed(20_000)).toMatchObject({ code: 1012 });
      await restarted;
      others = await Promise.all([followed(bob), followed(carol)]);
      await comeBack();
    }

    const lostAt = Date.now();
    await galaxia.process('gateway').stop('SIGKILL');
    await galaxia.restart('gateway');
    const again = await followed(bob);
    await comeBack();
    afterKill = { lostAt, carol, sockets: [again, view], told: listen(view) };
  }, 90_000);
});

describe.each(ways)('Sockets and subscriptions of the running product, %s', (way) => {
  let galaxia: Galaxia;
  let alice: Person;
  let bob: Person;

  beforeAll(async () => {
    galaxia = productOf(way);
    [alice, bob] = await Promise.all([registerPerson(galaxia), registerPerson(galaxia)]);
  }, 30_000);

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

  it('leaves no socket behind after 1,000 subscriptions that came and went', async () => {
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
    for (let round = 1; round <= 10; round++) await cycle(round);
    await until(
      () => sockets('gateway') <= Number(before[0]) + 2 && sockets('sessions') <= Number(before[1]) + 2,
      'the sockets to go',
      30_000,
    );
    socket.ws.close();
  }, 60_000);

  it('leaves no socket behind after 500 clients that came and went', async () => {
    const before = [sockets('gateway'), sockets('sessions')];
    for (let round = 0; round < 10; round++) {
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
  }, 60_000);

  describe('A message that is none', () => {
    let bystander: Socket;
    beforeAll(async () => {
      bystander = await bob.watch([alice]);
      await bystander.next();
    });
    afterAll(() => bystander.ws.terminate());

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
});

(distributed.length > 0 ? describe : describe.skip)('After a restart', () => {
  it('P4, P5: nobody who came back was ever gone, and who stayed away is OFFLINE once, after the grace', async () => {
    const { lostAt, carol, sockets, told } = afterKill;
    // Longer than a lost socket is waited for.
    await until(() => Date.now() - lostAt > 17_000 && told.length > 0, 'the grace to run out', 30_000);
    expect(told.map(({ frame }) => frame.payload?.data?.presence)).toMatchObject([
      { entries: [{ availability: 'OFFLINE', user: { id: carol.id } }] },
    ]);
    expect(Number(told[0]?.at) - lostAt).toBeGreaterThan(14_000);
    for (const { ws } of sockets) ws.close();
  }, 40_000);
});
