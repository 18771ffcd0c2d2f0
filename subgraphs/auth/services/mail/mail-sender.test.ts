import { Writable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { until } from '../../../../tests/testkit/until.js';
import type { ClaimedMail, MailRepository } from '../../data/mail-repository.js';
import { createMailEnvelopes } from './mail-envelope.js';
import { createMailSender, maximumAttempts, type MailSender } from './mail-sender.js';
import { MailTransportError, type Delivery, type MailTransport, type OutgoingMail } from './mail-transport.js';
import { createMailer, type MailRow } from './mailer.js';

const token = 'TOKEN-that-must-not-be-logged';
const minute = 60_000;
let open: MailSender[] = [];

afterEach(async () => {
  for (const sender of open) await sender.close();
  open = [];
});

/** Keeps mails in memory; each call takes effect at once, as a statement does. */
function createFakeMails() {
  let claims = 0;
  const rows = new Map<string, { content: string; createdAt: Date; attempts: number; dueAt: Date }>();
  const mails: Omit<MailRepository, 'backlog'> = {
    claim({ now, leaseEnd, limit }) {
      claims += 1;
      const due = [...rows].filter(([, row]) => row.dueAt <= now).slice(0, limit);
      return Promise.resolve(
        due.map(([id, row]): ClaimedMail => {
          row.attempts += 1;
          row.dueAt = leaseEnd;
          return { id, content: row.content, createdAt: row.createdAt, attempts: row.attempts };
        }),
      );
    },
    remove(id) {
      rows.delete(id);
      return Promise.resolve();
    },
    postpone({ id }, dueAt) {
      const row = rows.get(id);
      if (row !== undefined) row.dueAt = dueAt;
      return Promise.resolve();
    },
  };
  const add = (added: readonly MailRow[]) => {
    for (const { id, ...row } of added) rows.set(id, { ...row, attempts: 0 });
  };
  return { mails, rows, add, claims: () => claims };
}

function createSubject(deliver: MailTransport['deliver'], keys = { seal: 1, open: 1 }) {
  let time = Date.parse('2026-01-31T12:00:00.000Z');
  const now = () => time;
  const lines: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString());
      done();
    },
  });
  const attempts: OutgoingMail[] = [];
  const store = createFakeMails();
  const sender = createMailSender({
    mails: store.mails,
    envelopes: createMailEnvelopes(new Uint8Array(32).fill(keys.open)),
    transport: {
      deliver(mail, signal) {
        attempts.push(mail);
        return deliver(mail, signal);
      },
    },
    logger: pino(stream),
    now,
    pollMs: 5,
  });
  open.push(sender);
  const mailer = createMailer({
    envelopes: createMailEnvelopes(new Uint8Array(32).fill(keys.seal)),
    publicUrl: () => 'https://galaxia.example',
    wake: () => sender.wake(),
    now,
  });
  return {
    ...store,
    mailer,
    sender,
    attempts,
    lines,
    advance: (ms: number) => {
      time += ms;
      sender.wake();
    },
    write: async (to = 'ada@example.org', lifetimeMs = 24 * 60 * minute) => {
      store.add(await mailer.rows('verify-email', { to, username: 'Ada', token, expiresAt: new Date(time + lifetimeMs) }));
      mailer.wake();
    },
  };
}

const sent: Delivery = { kind: 'Sent' };
const down = () => Promise.reject(new MailTransportError('the SMTP server did not take the mail: ECONNREFUSED'));

describe('the sender of mails', () => {
  it('sends what waits, once, and forgets it', async () => {
    const { attempts, rows, write } = createSubject(() => Promise.resolve(sent));
    await write('ada@example.org');
    await write('bob@example.org');
    await until(() => rows.size === 0);
    expect(attempts.map(({ to, template }) => `${to} ${template}`).sort()).toEqual([
      'ada@example.org verify-email',
      'bob@example.org verify-email',
    ]);
    expect(attempts[0]?.text).toContain(token);
  });

  it('writes nothing for an account without an address', async () => {
    const { mailer } = createSubject(() => Promise.resolve(sent));
    await expect(mailer.rows('password-changed', { to: null, username: 'Ada' })).resolves.toEqual([]);
  });

  it('keeps a mail encrypted while it waits', async () => {
    const { write, rows, attempts } = createSubject(down);
    await write();
    await until(() => attempts.length === 1);
    const [row] = rows.values();
    expect(row?.content).toMatch(/^[\w-]+\.\.[\w-]+\.[\w-]+\.[\w-]+$/);
    for (const part of [...(row?.content ?? '').split('.')]) {
      expect(Buffer.from(part, 'base64url').toString('latin1')).not.toMatch(/ada|TOKEN/);
    }
  });

  it('tries again later and later while the server is down, and then gives up with one error and without a trace', async () => {
    const { attempts, rows, lines, write, advance, claims } = createSubject(down);
    await write('ada@example.org', 365 * 24 * 60 * minute);
    const waits: number[] = [];
    for (let attempt = 1; attempt < maximumAttempts; attempt += 1) {
      await until(() => attempts.length === attempt && lines.length === attempt);
      const [row] = rows.values();
      const wait = Number(row?.dueAt.getTime()) - Number(attempts[0]?.createdAt.getTime()) - waits.reduce((sum, each) => sum + each, 0);
      waits.push(wait);
      // Just before, nobody tries.
      advance(wait - 1);
      const before = claims();
      // The second look from here on is one that began after the clock was turned.
      await until(() => claims() > before + 1);
      expect(attempts).toHaveLength(attempt);
      advance(1);
    }
    await until(() => rows.size === 0);
    expect(attempts).toHaveLength(maximumAttempts);
    expect(waits.slice(0, 3)).toEqual([15_000, 30_000, 60_000]);
    expect(lines.filter((line) => line.includes('"level":50'))).toHaveLength(1);
    expect(lines.at(-1)).toContain('given up');
  });

  it('gives up at once what the server refuses for good', async () => {
    const { attempts, rows, lines, write } = createSubject(() => Promise.resolve({ kind: 'Refused', reason: 'EENVELOPE, answer 550' }));
    await write();
    await until(() => rows.size === 0);
    expect(attempts).toHaveLength(1);
    expect(lines.join('')).toContain('EENVELOPE, answer 550');
  });

  it('sends no link that has expired meanwhile: just before it does, and not after', async () => {
    for (const [wait, count] of [
      [minute - 1, 2],
      [minute, 1],
    ] as const) {
      const subject = createSubject(down);
      await subject.write('ada@example.org', minute);
      await until(() => subject.lines.length === 1);
      subject.advance(wait);
      await until(() => subject.lines.length === 2);
      expect(subject.attempts).toHaveLength(count);
      expect(subject.rows.size).toBe(count - 1);
    }
  });

  it('deletes what was encrypted with a secret that is gone', async () => {
    const { attempts, rows, lines, write } = createSubject(() => Promise.resolve(sent), { seal: 1, open: 2 });
    await write();
    await until(() => rows.size === 0);
    expect(attempts).toEqual([]);
    expect(lines.join('')).toContain('another secret');
  });

  it('is not held up by one mail that fails', async () => {
    const { rows, write } = createSubject(({ to }) => (to.startsWith('ada') ? down() : Promise.resolve(sent)));
    await write('ada@example.org');
    for (let count = 0; count < 10; count += 1) await write(`person${String(count)}@example.org`);
    await until(() => rows.size === 1);
  });

  it('breaks off at its end what is under way, and leaves it to the next start', async () => {
    const { sender, attempts, rows, lines, write } = createSubject(
      (_mail, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new MailTransportError('broken off')));
        }),
    );
    await write();
    await until(() => attempts.length === 1);
    await sender.close();
    expect(rows.size).toBe(1);
    const [row] = rows.values();
    expect(row?.dueAt).toEqual(attempts[0]?.createdAt);
    expect(lines).toEqual([]);
  });

  it('SECURITY 52: logs neither a token nor an address, however it goes', async () => {
    const outcomes = [down, () => Promise.resolve({ kind: 'Refused', reason: 'x' } as const), () => Promise.resolve(sent)];
    for (const outcome of outcomes) {
      const { attempts, lines, write } = createSubject(outcome);
      await write('ada@example.org', minute);
      await until(() => attempts.length === 1);
      await open.at(-1)?.close();
      expect(lines.join('')).not.toMatch(/TOKEN|ada@/);
    }
  });
});
