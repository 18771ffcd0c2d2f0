import { describe, expect, it } from '@jest/globals';
import { AppError } from '../../../shared/errors/app-error.js';
import { createUploadSlots } from './upload-slots.js';

const from = (address: string) => ({ viewer: null, subgraphHeaders: { 'x-client-ip': address } });

describe('SECURITY 41: Requests with files of one client', () => {
  it('are not more at once than the limit says, and as many again as have ended, each once', () => {
    const slots = createUploadSlots(2);
    const first = slots.take(from('203.0.113.1'));
    expect(slots.take(from('203.0.113.2'))).not.toBeInstanceOf(AppError);
    const refused = slots.take(from('203.0.113.3'));
    expect(refused).toMatchObject({ code: 'RATE_LIMITED', message: expect.stringContaining('At most 2 ') });
    expect(slots.take(from('198.51.100.1'))).not.toBeInstanceOf(AppError);
    if (typeof first === 'function') {
      first();
      first();
    }
    expect(slots.take(from('203.0.113.3'))).not.toBeInstanceOf(AppError);
    expect(slots.take(from('203.0.113.3'))).toBeInstanceOf(AppError);
  });

  it('are not counted where all the world may be behind one address', () => {
    const slots = createUploadSlots(1);
    for (let request = 0; request < 3; request += 1) expect(slots.take(from('10.0.0.1'))).not.toBeInstanceOf(AppError);
  });
});
