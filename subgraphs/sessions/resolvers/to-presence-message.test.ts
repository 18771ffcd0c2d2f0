import { describe, expect, it } from '@jest/globals';
import { maskError } from '../../../shared/errors/error-masking.js';
import { isSubscriptionLost } from '../../../shared/graphql/subscriptions/subscription-lost.js';
import { createLogger } from '../../../shared/logging/logger.js';
import { toPresenceMessage } from './to-presence-message.js';

describe('A message of the presence subscription', () => {
  it('P9: that says the client is too slow reaches the gateway as what closes the socket', () => {
    let thrown: unknown;
    try {
      toPresenceMessage({ kind: 'Lost' });
    } catch (error) {
      thrown = error;
    }
    const logger = createLogger({ name: 'test', level: 'silent' });
    expect(isSubscriptionLost([maskError(thrown, { logger, requestId: 'r' })])).toBe(true);
    expect(isSubscriptionLost([maskError(new Error('a fault'), { logger, requestId: 'r' })])).toBe(false);
  });

  it.each(['DELETED', 'RELATION_CHANGED'] as const)('P8: says why somebody is removed: %s', (reason) => {
    expect(toPresenceMessage({ kind: 'Removed', cursor: 'c', userId: 'bob', reason })).toEqual({
      __typename: 'PresenceRemoved',
      cursor: 'c',
      userId: 'bob',
      user: { id: 'bob' },
      reason,
    });
  });

  it.each([
    ['Snapshot', 'PresenceSnapshot'],
    ['Changed', 'PresenceChanged'],
    ['Resync', 'PresenceResync'],
  ] as const)('P7: of the kind %s is a %s', (kind, typename) => {
    expect(toPresenceMessage({ kind, cursor: 'c', entries: [] })).toEqual({ __typename: typename, cursor: 'c', entries: [] });
  });
});
