import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from '@jest/globals';
import { startLittleSupergraph, type LittleSupergraph, type Way } from '../../tests/testkit/gateway/little-supergraph.js';
import { until } from '../../tests/testkit/until.js';
import { openInitialisedSocket, type Socket } from '../../tests/testkit/gateway/socket.js';

const ways: readonly Way[] = ['in-process', 'http', 'http-plain'];

/** What a subscription has to do when the supergraph is replaced under it. */
describe.each(ways)('A subscription when the supergraph is replaced, %s', (way) => {
  let little: LittleSupergraph;
  afterEach(() => little.close());

  async function subscribed(query: string, id = '1', socket?: Socket): Promise<Socket> {
    const before = little.feed.listeners();
    const used = socket ?? (await openInitialisedSocket(little.origin, 'alice'));
    used.send({ id, type: 'subscribe', payload: { query } });
    await until(() => little.feed.listeners() > before, 'the subscription');
    return used;
  }

  it('is closed with 1012 when the new one does not know its selection, and tells the subgraph that the client has not left', async () => {
    little = await startLittleSupergraph(way);
    const socket = await subscribed('subscription { ticks { n text } }');
    await little.replaceSupergraph((sdl) => sdl.replace(/(type Tick[^{]*\{\s*n: Int)\s*text: String/, '$1'));
    expect(await socket.closed()).toEqual({ code: 1012, reason: 'The schema has changed, connect again' });
    await until(() => little.feed.listeners() === 0, 'the upstream to end');
    expect(little.feed.leaves).toEqual([{ code: 1012 }]);
  });

  it('is closed with 1012 when its subgraph has another address', async () => {
    little = await startLittleSupergraph(way);
    const socket = await subscribed('subscription { ticks { n } }');
    await little.replaceSupergraph((sdl) => sdl.replace(/(name: "feed", url: ")[^"]*/, '$1http://127.0.0.1:9/graphql'));
    expect((await socket.closed()).code).toBe(1012);
  });

  it('goes on without a gap, with the same subscription of the subgraph, and is completed by the new one', async () => {
    little = await startLittleSupergraph(way);
    const socket = await subscribed('subscription { ticks { n user { id stars } } }');
    const others = [await subscribed('subscription { ticks { n } }'), await subscribed('subscription { feed { __typename } }')];
    const publish = (n: number) => little.feed.publish({ n, user: { id: '1' } });
    publish(1);
    expect(await socket.next()).toMatchObject({ payload: { data: { ticks: { n: 1, user: { stars: 10 } } } } });
    for (const n of [2, 3, 4]) {
      await little.replaceSupergraph((sdl) => `${sdl}\n# ${n}`);
      publish(n);
      expect(await socket.next()).toMatchObject({ payload: { data: { ticks: { n, user: { stars: 10 } } } } });
    }
    // "stars" is another subgraph's: now it cannot be asked.
    await little.replaceSupergraph((sdl) => sdl.replace(/(name: "reviews", url: ")[^"]*/, '$1http://127.0.0.1:9/graphql'));
    publish(5);
    const last = await socket.next();
    expect(last).toMatchObject({ payload: { data: { ticks: { n: 5, user: { id: '1' } } } } });
    if (way !== 'in-process') expect(last).toMatchObject({ payload: { errors: [{ extensions: { code: 'UNAVAILABLE' } }] } });
    expect(little.feed.leaves).toEqual([]);
    expect(little.feed.listeners()).toBe(3);
    for (const each of others) expect(each.ws.readyState).toBe(each.ws.OPEN);
  });

  it('that is started when the supergraph has just been replaced runs on the new one', async () => {
    little = await startLittleSupergraph(way);
    const socket = await openInitialisedSocket(little.origin, 'alice');
    const replaced = little.replaceSupergraph((sdl) => `${sdl}\n# new`);
    await subscribed('subscription { ticks { n } }', '1', socket);
    await replaced;
    little.feed.publish({ n: 1 });
    expect(await socket.next()).toMatchObject({ payload: { data: { ticks: { n: 1 } } } });
  });

  it('does not keep the old supergraph in memory', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    little = await startLittleSupergraph(way);
    const sockets = [await subscribed('subscription { ticks { n user { stars } } }'), await subscribed('subscription { ticks { n } }')];
    const old = new WeakRef(little.supergraph.current());
    little.feed.publish({ n: 1, user: { id: '1' } });
    for (const socket of sockets) await socket.next();
    await little.replaceSupergraph((sdl) => `${sdl}\n# new`);
    // Quiet ones are moved as well: no event comes.
    await until(() => {
      collect();
      return old.deref() === undefined;
    }, 'the old supergraph to be garbage');
    expect(little.feed.listeners()).toBe(2);
  });
});
