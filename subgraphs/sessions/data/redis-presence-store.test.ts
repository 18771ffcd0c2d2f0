import { afterAll } from '@jest/globals';
import { startRedis } from '../../../tests/testkit/redis.js';
import { orSkip } from '../../../tests/testkit/services.js';
import { describePresenceStore } from './presence-store.conformance.js';
import { startPresenceNodes } from './redis-presence/presence-nodes.conformance.js';

const server = orSkip('redis-server', await startRedis());
afterAll(() => server?.stop());

if (server !== null) {
  describePresenceStore('The presence store on Redis', async () => {
    const { nodes, redis, advance, settle } = await startPresenceNodes(server.url);
    const [{ store } = { store: undefined }] = nodes;
    if (store === undefined) throw new Error('no store');
    return {
      store: {
        ...store,
        async close() {
          await store.close();
          redis.disconnect();
        },
      },
      advance,
      settle,
    };
  });
}
