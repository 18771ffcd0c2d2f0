import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Database } from '../../shared/database/database.js';
import { createAuthPrisma } from '../../subgraphs/auth/data/prisma.js';
import { publishImage } from '../testkit/product/publish-image.js';
import { registerPerson, type Person } from '../testkit/product/person.js';
import { startProduct, type Product } from '../testkit/product/product.js';
import { openMigratedEmbedded } from '../testkit/services/migrated-embedded.js';

describe('An image that a moderator deletes, over the whole product', () => {
  let database: Database;
  let product: Product;
  let ada: Person;
  let moderator: Person;

  beforeAll(async () => {
    database = await openMigratedEmbedded();
    product = await startProduct(database);
    ada = await registerPerson(product);
    const person = await registerPerson(product);
    const prisma = createAuthPrisma(database);
    await prisma.account.update({ where: { id: person.id }, data: { roles: ['USER', 'MODERATOR'] } });
    await prisma.$disconnect();
    // A role stands in tokens from the next sign-in on.
    moderator = await person.signInAgain('Desk');
  }, 120_000);
  afterAll(async () => {
    await product.close();
    await database.close();
  });

  it('is gone from address, profile and store, and in the audit log with who and whose', async () => {
    const { id: imageId, url } = await publishImage(product, ada, 'AVATAR');
    await ada.ask('mutation ($id: ID!) { setAvatar(input: { imageId: $id }) { __typename } }', { id: imageId });
    const status = async () => (await fetch(new URL(url, product.url))).status;
    expect(await status()).toBe(200);
    expect((await product.objects()).size).toBeGreaterThan(0);

    const deleted = await moderator.ask(
      'mutation ($id: ID!) { deleteImage(input: { id: $id }) { ... on DeleteImagePayload { imageId } } }',
      {
        id: imageId,
      },
    );
    expect(deleted).toMatchObject({ errors: [], data: { deleteImage: { imageId } } });

    expect((await product.objects()).size).toBe(0);
    product.advance(5000);
    expect(await status()).toBe(404);
    await product.untilSettled(() => product.events.some(({ type, key }) => type === 'image.removed' && key === ada.id));
    const seen = await ada.ask(
      '{ me { avatar { id } } myImages { nodes { id } } auditLog(first: 1) { nodes { action user { id } actor { id } sessionId details } } }',
    );
    expect(seen.data).toMatchObject({
      me: { avatar: null },
      myImages: { nodes: [] },
      auditLog: {
        nodes: [
          {
            action: 'IMAGE_REMOVED',
            user: { id: ada.id },
            actor: { id: moderator.id },
            sessionId: moderator.sessionId,
            details: { imageId, purpose: 'AVATAR' },
          },
        ],
      },
    });
  });
});
