import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Database } from '../../shared/database/database.js';
import { publishImage } from '../testkit/product/publish-image.js';
import { post } from '../testkit/product/graphql-client.js';
import { registerPerson, type Person } from '../testkit/product/person.js';
import { startProduct, type Product } from '../testkit/product/product.js';
import { openInitialisedSocket } from '../testkit/gateway/socket.js';
import { openMigratedEmbedded } from '../testkit/services/migrated-embedded.js';

const user = 'user { id username displayName bio locale timeZone avatar { id url width } }';
const subscription = `subscription ($userIds: [ID!]) { presence(input: { userIds: $userIds }) {
  ... on PresenceSnapshot { entries { statusMessage ${user} } }
  ... on PresenceChanged { entries { statusMessage ${user} } }
} }`;

/**
 * Subscribers who get the same event share what subgraphs call public. Whoever changes what a viewer may see of a user must say so in the
 * subgraph's rules of sharing as well; this is where it shows when they do not.
 */
describe('What an event shows of a user', () => {
  let database: Database;
  let product: Product;
  beforeAll(async () => {
    database = await openMigratedEmbedded();
    product = await startProduct(database);
  }, 120_000);
  afterAll(async () => {
    await product.close();
    await database.close();
  });

  const answerOf = async (person: Person, query: string, variables: object) => {
    const { data, errors } = await person.ask(query, variables);
    expect(errors).toEqual([]);
    return data;
  };

  it.each(['EVERYONE', 'FRIENDS', 'NOBODY'])(
    'P8: is what a query shows each viewer, friend, stranger or blocked, with a profile for %s',
    async (profileVisibility) => {
      const ada = await registerPerson(product);
      const viewers = await Promise.all(Array.from({ length: 6 }, () => registerPerson(product)));
      const [friend, otherFriend, , , blocked, blocking] = viewers;
      if (friend === undefined || otherFriend === undefined || blocked === undefined || blocking === undefined)
        throw new Error('no viewers');
      await product.untilSettled();
      await answerOf(ada, 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { __typename } }', {
        input: { displayName: 'Ada L.', bio: 'Numbers', locale: 'en', timeZone: 'UTC', profileVisibility },
      });
      const { id: imageId } = await publishImage(product, ada, 'AVATAR');
      await answerOf(ada, 'mutation ($imageId: ID!) { setAvatar(input: { imageId: $imageId }) { __typename } }', { imageId });
      for (const each of [friend, otherFriend]) {
        await each.ask('mutation ($id: ID!) { requestFriend(input: { userId: $id }) { __typename } }', { id: ada.id });
        await ada.ask('mutation ($id: ID!) { acceptFriend(input: { userId: $id }) { __typename } }', { id: each.id });
      }
      await ada.ask('mutation ($id: ID!) { blockUser(input: { userId: $id }) { __typename } }', { id: blocked.id });
      await blocking.ask('mutation ($id: ID!) { blockUser(input: { userId: $id }) { __typename } }', { id: ada.id });
      await product.untilSettled();

      const own = await Promise.all(
        viewers.map(async ({ accessToken }) => {
          const { data } = await post(product.url, {
            query: `query ($id: ID!) { ${user.replace('user', 'user(id: $id)')} }`,
            variables: { id: ada.id },
            token: accessToken,
          });
          return data.user;
        }),
      );
      const sockets = await Promise.all(viewers.map(({ accessToken }) => openInitialisedSocket(product.url, accessToken)));
      // Twice: the second time all channels are in use, and snapshots of those who see the same are one event.
      for (const id of ['first', 'second']) {
        for (const socket of sockets) {
          socket.send({ id, type: 'subscribe', payload: { query: subscription, variables: { userIds: [ada.id] } } });
        }
        const seen = await Promise.all(
          sockets.map(async (socket) => (await socket.next()).payload?.data?.presence?.entries?.[0]?.user ?? null),
        );
        expect(seen).toEqual(own);
      }
      for (const socket of sockets) socket.ws.close();
    },
  );
});
