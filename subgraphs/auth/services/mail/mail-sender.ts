import { exponentialBackoff, type Backoff } from '../../../../shared/background/backoff.js';
import { startWakeableLoop } from '../../../../shared/background/wakeable-loop.js';
import type { Logger } from '../../../../shared/logging/logger.js';
import type { ClaimedMail, MailRepository } from '../../data/mail-repository.js';
import type { MailEnvelope, MailEnvelopes } from './mail-envelope.js';
import { MailTransportError, type Delivery, type MailTransport } from './mail-transport.js';

/** How often a mail is tried before it is given up; with the backoff below that is within about eight hours. */
export const maximumAttempts = 12;
/** Longer than any attempt may take, so that no two processes send the same mail. */
const mailLeaseMs = 120_000;
const attemptTimeoutMs = 60_000;
/** How many are sent at once by one process. */
const concurrency = 4;

export interface MailSender {
  /** Sends what is due at once, instead of at the next poll. */
  wake(): void;
  /** Breaks off what is under way, which another attempt repeats after the next start. */
  close(): Promise<void>;
}

export interface MailSenderOptions {
  readonly mails: Omit<MailRepository, 'backlog'>;
  readonly envelopes: MailEnvelopes;
  readonly transport: MailTransport;
  readonly logger: Logger;
  readonly now?: () => number;
  readonly pollMs?: number;
  readonly backoff?: Backoff;
}

/** Sends the mails that wait in the database, at least once. What is sent, refused, out of date or tried too often is deleted. */
export function createMailSender({
  mails,
  envelopes,
  transport,
  logger,
  now = Date.now,
  pollMs = 2_000,
  backoff = exponentialBackoff({ first: 15_000, most: 3_600_000 * 6 }),
}: MailSenderOptions): MailSender {
  async function send(mail: ClaimedMail): Promise<void> {
    const { id, content, createdAt, attempts } = mail;
    let envelope: MailEnvelope;
    try {
      envelope = await envelopes.open(content);
    } catch {
      logger.error({ mailId: id }, 'a mail was encrypted with another secret and cannot be sent: it is deleted');
      return mails.remove(id);
    }
    const { template, expiresAt } = envelope;
    if (expiresAt !== null && now() >= expiresAt) {
      logger.error({ mailId: id, template, attempts }, 'a mail could not be sent before its link expired: it is deleted');
      return mails.remove(id);
    }
    let delivery: Delivery;
    try {
      const signal = AbortSignal.any([loop.closing, AbortSignal.timeout(attemptTimeoutMs)]);
      delivery = await transport.deliver({ ...envelope, id, createdAt }, signal);
    } catch (error) {
      // Broken off by our own end, which is no failure: it is due again at once.
      if (loop.closing.aborted) return mails.postpone(mail, new Date(now()));
      const problem = error instanceof MailTransportError ? { reason: error.message } : { err: error };
      if (attempts >= maximumAttempts) {
        logger.error({ mailId: id, template, attempts, ...problem }, 'a mail could not be sent and is given up');
        return mails.remove(id);
      }
      logger.warn({ mailId: id, template, attempts, ...problem }, 'a mail could not be sent; it is tried again later');
      return mails.postpone(mail, new Date(now() + backoff(attempts)));
    }
    if (delivery.kind === 'Refused') {
      logger.error({ mailId: id, template, attempts, reason: delivery.reason }, 'a mail was refused and is given up');
    }
    await mails.remove(id);
  }

  async function drain(): Promise<void> {
    while (!loop.closing.aborted) {
      const at = now();
      const claimed = await mails.claim({ now: new Date(at), leaseEnd: new Date(at + mailLeaseMs), limit: concurrency });
      await Promise.all(claimed.map(send));
      if (claimed.length < concurrency) return;
    }
  }

  const loop = startWakeableLoop({
    work: drain,
    onError: (error) => logger.error({ err: error }, 'the mails that wait cannot be read or written'),
    pollMs,
  });
  return loop;
}
