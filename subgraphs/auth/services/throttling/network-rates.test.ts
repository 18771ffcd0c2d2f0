import { describe, expect, it } from '@jest/globals';
import { defaultNetworkRates, type NetworkRates } from '../../../../shared/config/network-rate-settings.js';
import { createLogger } from '../../../../shared/logging/logger.js';
import { createRateLimits } from '../../../../shared/rate-limits/rate-limits.js';
import { createThrottles, type NetworkAction } from './throttles.js';

const logger = createLogger({ name: 'test', level: 'silent' });

function throttlesWith(rates: Partial<NetworkRates>) {
  return createThrottles({
    limits: createRateLimits({ redisUrl: undefined, scale: 1, logger }),
    networkRates: { ...defaultNetworkRates, ...rates },
    knownDevices: {
      hash: () => '',
      find: () => Promise.resolve(null),
      findOf: () => Promise.resolve(null),
      remember: () => Promise.resolve('known'),
    },
    key: new Uint8Array(32),
  });
}

const actions = Object.keys(defaultNetworkRates).filter((name): name is NetworkAction => name !== 'wrong passwords');

describe('SECURITY 11: what one network may do', () => {
  it.each(actions)('is as much as is set, and not more: %s', async (action) => {
    const throttles = throttlesWith({ [action]: 2 });
    for (const address of ['203.0.113.1', '203.0.113.2']) await throttles.perNetwork(action, address);
    await expect(throttles.perNetwork(action, '203.0.113.3')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    await throttles.perNetwork(action, '198.51.100.1');
  });

  it('is as much as is set, and not more: wrong passwords', async () => {
    const throttles = throttlesWith({ 'wrong passwords': 2 });
    const guess = (identifier: string) =>
      throttles.guessAtSignIn({ identifier, clientIp: '203.0.113.1', userAgent: 'A' }, () =>
        Promise.resolve({ isRight: false, result: 'wrong' }),
      );
    expect([await guess('a'), await guess('b')]).toEqual(['wrong', 'wrong']);
    await expect(guess('c')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  });
});
