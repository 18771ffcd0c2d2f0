import { afterAll, beforeAll, describe } from '@jest/globals';
import { startRedis } from '../testkit/services/redis.js';
import { startChromium } from '../testkit/services/chromium.js';
import { availableWays, startGalaxia, type Galaxia } from '../testkit/product/galaxia.js';
import { orSkip } from '../testkit/services/services.js';
import { accountRecoveryTests } from './account-recovery-tests.js';
import { deferredAnswersTests } from './deferred-answers-tests.js';
import { friendsTests } from './friends-tests.js';
import { graphiqlTests } from './graphiql-tests.js';
import { leakedKeyTests } from './leaked-key-tests.js';
import { mainJobTests } from './main-job-tests.js';
import { passkeyTests } from './passkey-tests.js';
import { postImagesTests } from './post-images-tests.js';
import { sessionsTests } from './sessions-tests.js';
import { userEventsTests } from './user-events-tests.js';

const chromium = orSkip('Chromium', await startChromium());
const redis = orSkip('redis-server', await startRedis());
afterAll(async () => {
  await chromium?.close();
  await redis?.stop();
});

// Whatever asks the product as it is by default and stops nothing asks one and the same: to start it takes longer than most of the tests.
describe.each(await availableWays())('The product, %s', (way) => {
  let galaxia: Galaxia;
  beforeAll(async () => {
    galaxia = await startGalaxia(way, way === 'distributed' && redis !== null ? { environment: { REDIS_URL: redis.url } } : {});
  }, 90_000);
  afterAll(() => galaxia.stop());
  const product = () => galaxia;

  describe('The main job', () => mainJobTests(product));
  describe('Answers in parts', () => deferredAnswersTests(product));
  describe('Friends', () => friendsTests(product));
  describe('Sessions on several devices', () => sessionsTests(product));
  describe('POST /images at the public door', () => postImagesTests(product));
  describe('Mail and recovery without an SMTP server', () => accountRecoveryTests(product, chromium));
  if (chromium !== null) {
    describe('Passkeys in a real browser', () => passkeyTests(product, chromium));
    if (way === 'all-in-one') describe('GraphiQL in a real browser', () => graphiqlTests(product, chromium));
  }
  if (redis !== null && way === 'distributed') describe('user.events', () => userEventsTests(product, redis.url));
  // The last one: it voids everybody's access tokens.
  if (way === 'distributed') describe('A leaked signing key', () => leakedKeyTests(product));
});

if (redis !== null) {
  describe('The product in one process with Redis', () => {
    let galaxia: Galaxia;
    beforeAll(async () => {
      galaxia = await startGalaxia('all-in-one', { environment: { REDIS_URL: redis.url } });
    }, 90_000);
    afterAll(() => galaxia.stop());

    userEventsTests(() => galaxia, redis.url);
  });
}
