import { describe, expect, it } from '@jest/globals';
import { createReceivingPlaces } from './receiving-places.js';

describe('Places for files that come in', () => {
  it('are 4 for one user', () => {
    const takePlace = createReceivingPlaces();
    const [giveBack] = Array.from({ length: 4 }, () => takePlace('alice'));
    expect(() => takePlace('alice')).toThrow(expect.objectContaining({ code: 'RATE_LIMITED', retryAfter: 1 }));
    takePlace('bob');
    giveBack?.();
    takePlace('alice');
    expect(() => takePlace('alice')).toThrow();
  });

  it('are 64 for all', () => {
    const takePlace = createReceivingPlaces();
    const [giveBack] = Array.from({ length: 64 }, (_, index) => takePlace(`user ${index}`));
    expect(() => takePlace('alice')).toThrow(expect.objectContaining({ code: 'UNAVAILABLE', retryAfter: 5 }));
    giveBack?.();
    takePlace('alice');
    expect(() => takePlace('alice')).toThrow();
  });
});
