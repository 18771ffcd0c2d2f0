import { describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../../shared/logging/logger.js';
import type { RecoveryRepository } from '../../data/recovery-repository.js';
import type { TokenMail } from '../mail/token-mails.js';
import { createBackgroundWork } from './background-work.js';
import { createPasswordReset } from './password-reset.js';

const logger = createLogger({ name: 'test', level: 'silent' });
const unused = () => Promise.reject(new Error('not used'));

function createSubject({
  find = () => Promise.resolve(null),
  mostWaiting = 1_000,
}: { find?: () => Promise<null>; mostWaiting?: number } = {}) {
  const written: unknown[] = [];
  const throttled: unknown[] = [];
  let prepared = 0;
  const background = createBackgroundWork({ logger, mostWaiting });
  const recovery: RecoveryRepository = {
    findAccount: unused,
    resetPassword: unused,
    verifyEmail: unused,
    changeEmail: unused,
    removeStale: unused,
    write(traces) {
      written.push(traces);
      return Promise.resolve();
    },
  };
  const subject = createPasswordReset({
    accounts: { findForLogin: find },
    recovery,
    tokenMails: {
      prepare(): Promise<TokenMail | null> {
        prepared += 1;
        return Promise.resolve(null);
      },
    },
    mailer: { rows: unused, wake: () => undefined },
    hasher: { hash: unused },
    passwordPolicy: { findProblem: unused },
    sessionEnder: { haveEnded: () => undefined },
    throttles: {
      beforeMail(kind, request) {
        throttled.push({ kind, ...request });
        return Promise.resolve();
      },
      perNetwork: () => Promise.resolve(),
    },
    background,
  });
  return { subject, background, written, throttled, prepared: () => prepared };
}

describe('asking for a new password', () => {
  it('SECURITY 10: is answered before anybody has looked whether there is such an account', async () => {
    let asked = 0;
    let answer: () => void = () => undefined;
    const lookUp = new Promise<null>((resolve) => {
      answer = () => resolve(null);
    });
    const { subject, background, written } = createSubject({
      find() {
        asked += 1;
        return lookUp;
      },
    });
    await subject.request({ identifier: 'somebody', clientIp: null });
    expect(asked).toBe(0);
    while (asked === 0) await new Promise((resolve) => setImmediate(resolve));
    // The look-up hangs, and the next one is answered all the same.
    await subject.request({ identifier: 'somebody_else', clientIp: null });
    expect(written).toEqual([]);
    answer();
    await background.close();
    expect(written).toHaveLength(2);
  });

  it('SECURITY 10: makes a token and a mail for nobody as well, and keeps neither', async () => {
    const { subject, background, written, prepared } = createSubject();
    await subject.request({ identifier: 'nobody_at_all', clientIp: null });
    await subject.request({ identifier: 'no name and no address', clientIp: null });
    await background.close();
    expect(prepared()).toBe(2);
    expect(written).toEqual([
      { tokenMail: null, audit: [expect.objectContaining({ action: 'PASSWORD_RESET_REQUESTED', accountId: null, details: {} })] },
      { tokenMail: null, audit: [expect.objectContaining({ accountId: null, details: {} })] },
    ]);
  });

  it('SECURITY 11: is counted per account as typed and per address of the client', async () => {
    const { subject, throttled } = createSubject();
    await subject.request({ identifier: 'Somebody', clientIp: '203.0.113.1' });
    expect(throttled).toEqual([{ kind: 'password-reset', recipient: 'Somebody', clientIp: '203.0.113.1' }]);
  });

  it('is refused while too many requests wait, with a time to come back', async () => {
    const { subject, background, written } = createSubject({ mostWaiting: 2 });
    await subject.request({ identifier: 'one', clientIp: null });
    await subject.request({ identifier: 'two', clientIp: null });
    await expect(subject.request({ identifier: 'three', clientIp: null })).rejects.toMatchObject({ code: 'UNAVAILABLE', retryAfter: 10 });
    await background.close();
    expect(written).toHaveLength(2);
    await expect(subject.request({ identifier: 'four', clientIp: null })).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

describe('background work', () => {
  it('goes on after a task that failed, and close waits for all of it', async () => {
    const done: number[] = [];
    const work = createBackgroundWork({ logger });
    work.start(() => Promise.reject(new Error('broken')));
    work.start(() => Promise.resolve(void done.push(2)));
    work.start(() => Promise.resolve(void done.push(3)));
    await work.close();
    expect(done).toEqual([2, 3]);
    expect(work.start(() => Promise.resolve())).toBe(false);
  });
});
