import { describe, expect, it } from '@jest/globals';
import { changesKeptMs } from '../../presence/presence.js';
import { quotaInputs, quotaMs } from '../../presence/session-inputs.js';
import { idleMs, leaseMs } from '../../presence/user-presence.js';
import { paceMs } from './following/presence-feed.js';
import { pendingLimit } from './following/followed-users.js';
import { unsentMs } from './following/presence-subscription.js';
import { recordIntervalMs } from './last-connections.js';
import { renewalMs } from './presence-connections.js';

describe('The numbers of presence', () => {
  it('P2 to P12: are those that clients are promised', () => {
    expect({ idleMs, leaseMs, renewalMs, paceMs, quotaInputs, quotaMs, changesKeptMs, unsentMs, pendingLimit, recordIntervalMs }).toEqual({
      idleMs: 300_000,
      leaseMs: 45_000,
      renewalMs: 15_000,
      paceMs: 500,
      quotaInputs: 5,
      quotaMs: 20_000,
      changesKeptMs: 120_000,
      unsentMs: 10_000,
      pendingLimit: 1_048_576,
      recordIntervalMs: 300_000,
    });
  });
});
